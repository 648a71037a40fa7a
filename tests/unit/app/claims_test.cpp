#include "app/batch/claims.h"

#include <string>

#include "support/catch.h"
#include "zimage/error.h"

using namespace zimage;
using app::Claims;

namespace {

std::string refused(Claims& claims, const std::string& job, const std::vector<std::filesystem::path>& paths) {
  try {
    claims.take(job, paths);
  } catch (const Error& e) {
    CHECK(e.code() == ErrorCode::kInput);
    return e.message();
  }
  return "";
}

}  // namespace

TEST_CASE("a path belongs to the first job that takes it, however it is written") {
  Claims claims;
  CHECK(refused(claims, "one", {"a.png", "b.png"}).empty());
  CHECK(refused(claims, "two", {"c.png", "./x/../b.png"}) == "two and one would both be written to ./x/../b.png");
  // A job that is refused takes nothing.
  CHECK(refused(claims, "three", {"c.png"}).empty());
}

TEST_CASE("a path that a job gives back can be taken again") {
  Claims claims;
  claims.take("one", {"a.png"});
  claims.take("two", {"b.png"});
  claims.release("one");
  claims.release("nobody");
  CHECK(refused(claims, "three", {"a.png"}).empty());
  CHECK_FALSE(refused(claims, "four", {"b.png"}).empty());
}
