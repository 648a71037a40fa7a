#include "app/page/html.h"

#include "app/page/job_html.h"
#include "app/page/page_sources.h"
#include "app/page/report_lines.h"
#include "app/page/units.h"
#include "support/catch.h"
#include "support/files.h"

namespace {

using namespace zimage;
using namespace zimage::app;

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST_CASE("text can't become markup") {
  CHECK(html::escaped("</p><script>alert('x' & \"y\")</script>") ==
        "&lt;/p&gt;&lt;script&gt;alert(&#39;x&#39; &amp; &quot;y&quot;)&lt;/script&gt;");
  CHECK(html::element("p", " class=\"a\"", "1 < 2") == "<p class=\"a\">1 &lt; 2</p>");
  CHECK(html::escaped("schöne Brücke 橋 \xF0\x9F\x8C\x89\n") == "schöne Brücke 橋 \xF0\x9F\x8C\x89\n");
}

TEST_CASE("control characters and bytes that aren't UTF-8 can be seen") {
  CHECK(html::escaped(std::string("a\0b\x1b[31m\r\x7f", 10)) == "a\\x00b\\x1b[31m\\x0d\\x7f");
  CHECK(html::escaped("a\r\nb\r\r\n") == "a\nb\\x0d\n");
  CHECK(html::escaped("\xC2\x9B") == "\\x9b");  // C1's CSI
  CHECK(html::escaped("a\xFF\xC3") == "a\xEF\xBF\xBD\xEF\xBF\xBD");
  CHECK(html::escaped("\xED\xA0\x80") == "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");  // a surrogate
  CHECK(html::escaped("\xEF\xBF\xBE") == "\xEF\xBF\xBD");                          // U+FFFE is no character
}

TEST_CASE("what turns the direction of writing is shown, and what only writes from right to left stays") {
  CHECK(html::escaped("cod\xE2\x80\xAEgpj.exe") == "cod[U+202E]gpj.exe");
  CHECK(html::escaped("\xE2\x81\xA6x\xE2\x81\xA9") == "[U+2066]x[U+2069]");
  CHECK(html::escaped("\xD7\xA9\xD7\x9C\xE2\x80\x8F") == "\xD7\xA9\xD7\x9C\xE2\x80\x8F");
}

TEST_CASE("data and hashes are in base64") {
  const std::vector<std::uint8_t> bytes = {'M', 'a', 'n', 'y'};
  CHECK(html::data_uri("image/webp", bytes) == "data:image/webp;base64,TWFueQ==");
  CHECK(html::policy_hash("") == "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='");
}

TEST_CASE("a template's values aren't looked at again") {
  CHECK(html::filled("<p>{{a}}{{b}}</p>", {{"a", "{{b}}"}, {"b", "1"}}) == "<p>{{b}}1</p>");
  CHECK_THROWS_AS(html::filled("{{a}} {{c}}", {{"a", ""}}), Error);
  CHECK_THROWS_AS(html::filled("{{a", {{"a", ""}}), Error);
}

TEST_CASE("the page's files are in the program and end nothing early") {
  CHECK(has(std::string(page_template()), "{{jobs}}"));
  CHECK_FALSE(has(std::string(page_style()), "</"));
  CHECK_FALSE(has(std::string(page_script()), "</"));
  CHECK_FALSE(has(std::string(page_style()), "url("));
}

TEST_CASE("numbers and times are for people") {
  CHECK(grouped(0) == "0");
  CHECK(grouped(999) == "999");
  CHECK(grouped(1234567) == "1,234,567");
  CHECK(grouped(-123456) == "-123,456");
  CHECK(time_text(0.4) == "0 ms");
  CHECK(time_text(999.4) == "999 ms");
  CHECK(time_text(999.6) == "1.00 s");
  CHECK(time_text(12345) == "12.3 s");
  CHECK(time_text(59996) == "1 min 0 s");
  CHECK(time_text(3600000) == "1 h 0 min");
  CHECK(time_text(1e9 * 36) == "10,000 h 0 min");
}

TEST_CASE("a line's values are known or unknown, whatever they are") {
  const ReportLine line(R"({"status":"ok","output":"a/b.png","seed":18446744073709551615,"prompt":null,"size":[1],
                            "golden":{"max":"much"},"image":"-","model":7,"mask":"a\u0000b"})",
                        3);
  CHECK(line.text({"seed"}) == "18446744073709551615");
  CHECK_FALSE(line.text({"prompt"}));
  CHECK_FALSE(line.number({"golden", "max"}));
  CHECK_FALSE(line.text({"model", "name"}));
  CHECK(line.path({"output"}) == "a/b.png");
  CHECK(line.path({"image"}).empty());
  CHECK(line.path({"mask"}).empty());
  CHECK(line.name() == "b.png");
  CHECK(ReportLine(R"({"status":"error","image":"-"})", 3).name() == "line 3");
}

TEST_CASE("a report's bad line is named, and one that breaks off is left out") {
  const test::TemporaryFolder folder;
  const auto path = folder / "r.jsonl";
  const auto message = [&](const std::string& text) {
    test::write(path, text);
    const auto error = test::error_of([&] { read_report(path); });
    return error && error->code() == ErrorCode::kInput ? error->message().substr(path.string().size()) : "";
  };
  const std::string good = "{\"status\":\"ok\"}\n";
  CHECK(message(good + "\n{\"status\":\n" + good) == " line 3 is not valid JSON (byte 11)");
  CHECK(has(message("{\"status\":\"\xFF\"}\n"), " line 1 "));
  CHECK(message(good + "[]\n") == " line 2 is not a JSON object");
  CHECK(has(message("{\"state\":\"ok\"}\n"), " line 1 is no line of a report"));
  CHECK(has(message("{\"status\":\"ok\",\"status\":\"error\"}\n"), " line 1 gives the key \"status\" twice"));
  CHECK(has(message(good + std::string(100, '[') + "\n"), " line 2 "));
  CHECK_FALSE(message("").empty());
  CHECK_FALSE(message("{\"status\":").empty());
  test::write(path, good + "\xEF\xBB\xBF");
  CHECK(read_report(path).truncated);
  test::write(path, "\xEF\xBB\xBF" + good + "{\"status\":\"ok\"}");
  CHECK(read_report(path).lines.size() == 2);
  CHECK_FALSE(read_report(path).truncated);
  test::write(path, good + "{\"status\":\"o");
  CHECK(read_report(path).lines.size() == 1);
  CHECK(read_report(path).truncated);
}

TEST_CASE("compare's line is a golden check of its two files") {
  const ReportLine line(R"({"status":"mismatch","command":"compare","a":"out.png","b":"golden.png","size":[4,3],
                            "tolerance":2,"max":9,"mean":0.5,"psnr":null,"mask":null})",
                        1);
  CHECK(line.is_comparison());
  CHECK(line.differs());
  CHECK(line.path({"output"}) == "out.png");
  CHECK(line.path({"golden", "path"}) == "golden.png");
  CHECK(line.number({"golden", "max"}) == 9.0);
  CHECK_FALSE(ReportLine(R"({"status":"error","command":"compare","error":{"message":"m"}})", 1).is_comparison());
}

TEST_CASE("a job shows what is known of it") {
  const ReportLine line(R"({"status":"error","output":null,"image":"in/p.png","prompt":"a <b>","seed":7,"steps":8,
                            "size":[640,480],"changed_pixels":12345,"timings_ms":{"total":1500,"decode":20},
                            "error":{"code":3,"kind":"input","message":"m & m","hint":"do"}})",
                        5);
  const std::string html = job_html(line, 2, {});
  for (const char* part :
       {"id=\"job-2\"", "data-status=\"failed\"", "<bdi>p.png</bdi>", "a &lt;b&gt;", "m &amp; m", "<dd>7</dd>",
        "<dd>640 × 480</dd>", "<dd>12,345</dd>", "<dd>1.50 s</dd>", "decode 20 ms", "<dd>5</dd>"}) {
    INFO(part);
    CHECK(has(html, part));
  }
  CHECK_FALSE(has(html, "<dt>Strategy</dt>"));
  CHECK_FALSE(has(html, "class=\"pictures\""));
}

TEST_CASE("a status of another version is shown as it is, and grouped with others") {
  const ReportLine line(R"({"status":"<new>"})", 1);
  CHECK(status_word(line) == "other");
  CHECK(has(job_html(line, 1, {}), "<dd>&lt;new&gt;</dd>"));
}

}  // namespace
