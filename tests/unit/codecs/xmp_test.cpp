#include "codecs/metadata/xmp.h"

#include "support/catch.h"

using namespace zimage::codecs;

namespace {

const std::string kRdf = "xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"";

/// Returns a packet with attributes and content in its only description.
std::string packet(const std::string& attributes, const std::string& content = "") {
  return "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF " + kRdf + "><rdf:Description rdf:about=\"me\"" + attributes +
         ">" + content + "</rdf:Description></rdf:RDF></x:xmpmeta>";
}

const std::string kNote = " xmlns:n=\"http://ns.adobe.com/xmp/note/\"";

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("xmp: the orientation becomes upright") {
  CHECK(upright_xmp("<a tiff:Orientation=\"6\" b=\"6\"/>") == "<a tiff:Orientation=\"1\" b=\"6\"/>");
  CHECK(upright_xmp("<tiff:Orientation>8</tiff:Orientation>") == "<tiff:Orientation>1</tiff:Orientation>");
  for (const char* text : {"", "tiff:Orientation=\"", "tiff:Orientation=\"6", "tiff:Orientation=\"66\"", "<x/>"}) {
    CHECK(upright_xmp(text) == text);
  }
}

TEST_CASE("xmp: announcements are cut out under any prefix, and the rest stays byte for byte") {
  const std::string gain = " xmlns:h=\"http://ns.adobe.com/hdr-gain-map/1.0/\"";
  const std::string camera = " xmlns:c=\"http://ns.google.com/photos/1.0/camera/\"";
  CHECK(without_stale_xmp(packet(gain + " h:Version=\"1.0\"  k = '1'")) == packet("  k = '1'"));
  CHECK(without_stale_xmp(packet(camera + " c:MotionPhoto=\"1\" c:MicroVideoOffset='9' c:HdrPlus=\"2\"")) ==
        packet(camera + " c:HdrPlus=\"2\""));
  CHECK(without_stale_xmp(packet(camera, "<k/><c:MotionPhoto>1</c:MotionPhoto>t")) == packet(camera, "<k/>t"));
  const std::string container =
      "<C:Directory xmlns:C=\"http://ns.google.com/photos/1.0/container/\"><rdf:Seq><rdf:li/></rdf:Seq></C:Directory>";
  CHECK(without_stale_xmp(packet("", container + "<k/>")) == packet("", "<k/>"));
  // A name alone, in another namespace, says nothing.
  const std::string other = packet(" xmlns:c=\"urn:other\" c:MotionPhoto=\"1\"");
  CHECK(without_stale_xmp(other) == other);
  CHECK(without_stale_xmp("<a>MotionPhoto").empty());
  CHECK(without_stale_xmp("<a>") == "<a>");
}

TEST_CASE("xmp: an extension's identifier is its MD5") {
  CHECK(xmp_extension_id("") == "D41D8CD98F00B204E9800998ECF8427E");
  CHECK(xmp_extension_id("abc") == "900150983CD24FB0D6963F7D28E17F72");
}

TEST_CASE("xmp: the reference to an extension is read, changed and cut out") {
  const std::string id(32, 'A'), other(32, 'B');
  const std::string as_attribute = packet(kNote + " n:HasExtendedXMP=\"" + id + "\" k=\"1\"");
  const std::string as_element = packet(kNote, "<n:HasExtendedXMP>" + id + "</n:HasExtendedXMP><k/>");
  for (const std::string& text : {as_attribute, as_element}) {
    CHECK(announced_extension(text) == id);
    CHECK(announced_extension(with_announced_extension(text, other)) == other);
    CHECK(announced_extension(merged_xmp(text, "")).empty());
  }
  CHECK(merged_xmp(as_attribute, "") == packet(kNote + " k=\"1\""));
  CHECK(announced_extension(packet("")).empty());
  CHECK(announced_extension(stub_xmp(id)) == id);
  CHECK(merged_xmp("<damaged HasExtendedXMP", "").empty());
  CHECK(merged_xmp("<damaged", "") == "<damaged");
}

TEST_CASE("xmp: an extension is put into its packet with the namespaces around it") {
  const std::string extension = "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\" xmlns:g='G\"'><r:RDF xmlns:r=\"" +
                                std::string("http://www.w3.org/1999/02/22-rdf-syntax-ns#") +
                                "\"><r:Description g:a=\"1\"/></r:RDF></x:xmpmeta>";
  const std::string merged = merged_xmp(packet(" k=\"1\""), extension);
  CHECK(is_rdf(merged));
  CHECK(holds(merged, " k=\"1\""));
  CHECK(holds(merged, "xmlns:g='G\"'"));
  CHECK(holds(merged, " g:a=\"1\"/></rdf:RDF>"));
}

TEST_CASE("xmp: properties are added that aren't there yet") {
  const XmpProperty creator{"dc", "urn:dc", "creator", XmpProperty::Kind::kOrderedList, {{"A & B"}, {"C"}}};
  const XmpProperty title{"dc", "urn:dc", "title", XmpProperty::Kind::kLanguages, {{"t"}, {"T", "de"}}};
  const XmpProperty city{"p", "urn:p", "City", XmpProperty::Kind::kText, {{"<x>"}}};
  const auto made = with_properties("", {creator, title, city});
  REQUIRE(made);
  CHECK(holds(*made, "<dc:creator><rdf:Seq><rdf:li>A &amp; B</rdf:li><rdf:li>C</rdf:li></rdf:Seq></dc:creator>"));
  CHECK(holds(*made, "<rdf:li xml:lang=\"x-default\">t</rdf:li><rdf:li xml:lang=\"de\">T</rdf:li>"));
  CHECK(holds(*made, "<p:City>&lt;x&gt;</p:City>"));
  CHECK(with_properties(*made, {creator, title, city}) == *made);
  const auto more = with_properties(packet(" xmlns:q=\"urn:p\" q:City=\"x\""), {city, title});
  REQUIRE(more);
  CHECK_FALSE(holds(*more, "<p:City>"));
  CHECK(holds(*more, "rdf:about=\"me\" xmlns:dc=\"urn:dc\">"));
  CHECK_FALSE(with_properties("<damaged", {city}));
  CHECK_FALSE(with_properties("<fine/>", {city}));
}
