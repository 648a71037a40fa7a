#include "codecs/metadata/xml.h"

#include "support/catch.h"

using namespace zimage::codecs;

TEST_CASE("xml: elements, attributes and namespaces are found where they are") {
  const std::string text =
      "<?x?><a:r xmlns:a='A'><!-- <no> --><b xmlns=\"B\" a:k = 'v&amp;' l=\"\"/><![CDATA[<no>]]><a:c xmlns:a=\"C\">t"
      "<a:d/></a:c ><a:e/></a:r>";
  const auto elements = xml::parse(text);
  REQUIRE(elements);
  REQUIRE(elements->size() == 5);
  const auto& all = *elements;
  CHECK((all[0].local == "r" && all[0].space == "A" && all[0].parent == -1 && all[0].end == text.size()));
  CHECK((all[1].local == "b" && all[1].space == "B" && all[1].parent == 0 && all[1].open_end == all[1].end));
  REQUIRE(all[1].attributes.size() == 3);
  CHECK((all[1].attributes[1].space == "A" && all[1].attributes[1].local == "k"));
  CHECK(all[1].attributes[1].value == "v&amp;");
  CHECK(text.substr(all[1].attributes[1].begin, all[1].attributes[1].end - all[1].attributes[1].begin) ==
        " a:k = 'v&amp;'");
  CHECK((all[1].attributes[2].space.empty() && all[1].attributes[2].value.empty()));
  CHECK((all[2].space == "C" && all[3].space == "C" && all[3].parent == 2 && all[4].space == "A"));
  CHECK(text.substr(all[2].open_end, all[2].close_begin - all[2].open_end) == "t<a:d/>");
}

TEST_CASE("xml: what isn't well-formed is refused") {
  for (const char* text : {"",
                           "text",
                           "<a>",
                           "</a>",
                           "<a></b>",
                           "<a><b></a></b>",
                           "<a b></a>",
                           "<a b=c/>",
                           "<a b=\"c/>",
                           "<a b='1'c='2'/>",
                           "<a",
                           "<a /",
                           "<a/",
                           "<!DOCTYPE a><a/>",
                           "<![CDATA[x]]><a/>",
                           "<a><!-- </a>",
                           "<a><?x </a>",
                           "< a/>",
                           "<a></a",
                           "<a/><"}) {
    INFO(text);
    CHECK_FALSE(xml::parse(text));
  }
}

TEST_CASE("xml: hostile texts are refused, not followed") {
  std::string deep;
  for (int i = 0; i < 100000; ++i) deep += "<a>";
  CHECK_FALSE(xml::parse(deep));
  std::string many = "<a>";
  for (int i = 0; i < 200000; ++i) many += "<b/>";
  CHECK_FALSE(xml::parse(many + "</a>"));
  std::string names = "<a";
  for (int i = 0; i < 5000; ++i) names += " xmlns:a" + std::to_string(i) + "='b'";
  CHECK_FALSE(xml::parse(names + "/>"));
}

TEST_CASE("xml: edits are applied in their order, and those within a cut with it") {
  CHECK(xml::edited("0123456789", {{8, 9, ""}, {2, 5, ""}, {3, 4, "x"}, {5, 5, "<in>"}}) == "01<in>5679");
  CHECK(xml::edited("abc", {}) == "abc");
  CHECK(xml::edited("abc", {{3, 3, "1"}, {3, 3, "2"}}) == "abc12");
  CHECK(xml::escaped("a<b>&\"c\"\x01\n") == "a&lt;b&gt;&amp;&quot;c&quot;\n");
}

TEST_CASE("xml: entities are read, and what is none stays") {
  CHECK(xml::unescaped("a &amp; b &lt;&gt; &quot;&apos;") == "a & b <> \"'");
  CHECK(xml::unescaped("&#xeb;&#65;") == "\xc3\xab\x41");
  CHECK(xml::unescaped("& &; &none; &#; &#x; &#12a; &#x110000; &amp") == "& &; &none; &#; &#x; &#12a; &#x110000; &amp");
}
