#include "codecs/metadata/xmp_values.h"

#include "support/catch.h"

using namespace zimage::codecs;

namespace {

constexpr const char* kDc = "http://purl.org/dc/elements/1.1/";

std::string packet(const std::string& inside) {
  return "<?xpacket begin=\"\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?><x:xmpmeta xmlns:x=\"adobe:ns:meta/\" x:xmptk=\"a "
         "tool\">"
         "<r:RDF xmlns:r=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"><r:Description r:about=\"\" "
         "xmlns:d=\"http://purl.org/dc/elements/1.1/\"" +
         inside + "</r:Description></r:RDF></x:xmpmeta><?xpacket end=\"w\"?>";
}

XmpProperty property(const char* name, const std::vector<std::string>& values) {
  XmpProperty out{"dc", kDc, name, XmpProperty::Kind::kList, {}, "IPTC"};
  for (const std::string& value : values) out.values.push_back({value});
  return out;
}

}  // namespace

TEST_CASE("xmp values: a packet that says nothing is told from one that does") {
  CHECK_FALSE(says_anything(""));
  CHECK_FALSE(says_anything(std::string(8, '\0')));
  CHECK_FALSE(says_anything(packet(">")));
  CHECK(says_anything(packet(" d:format=\"image/png\">")));
  CHECK(says_anything(packet("><d:title>a</d:title>")));
  CHECK(says_anything("<not closed"));
}

TEST_CASE("xmp values: values that differ are named") {
  const std::string xmp = packet(
      " d:source=\"a &amp; b\"><d:creator><r:Seq><r:li>A</r:li><r:li>B &lt;b&gt;</r:li></r:Seq></d:creator>"
      "<d:title><r:Alt><r:li xml:lang=\"x-default\">a long title of a picture</r:li></r:Alt></d:title>");
  CHECK(said_otherwise(xmp, {property("source", {"a & b"}), property("creator", {"B <b>", "A"}),
                             property("title", {"a long title"}), property("rights", {"new"})})
            .empty());
  CHECK(said_otherwise(xmp, {property("source", {"a &amp; b"}), property("creator", {"A", "C"}),
                             property("title", {"another"})}) ==
        std::vector<std::string>{"IPTC source", "IPTC creator", "IPTC title"});
  CHECK(said_otherwise("no xml <", {property("source", {"a"})}).empty());
  CHECK(says_otherwise(property("creator", {"A"}), property("creator", {"B"})));
  CHECK_FALSE(says_otherwise(property("creator", {"A", "B"}), property("creator", {"B"})));
}
