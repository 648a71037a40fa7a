#include "pipeline/residency/dtype_choice.h"

#include <string>

#include "support/catch.h"
#include "support/files.h"
#include "zimage/error.h"

namespace zimage {
namespace {

constexpr std::uint64_t kLarge = 6'150'000'000;
constexpr std::uint64_t kSmall = 5'000'000;

TEST_CASE("the dtype follows from the model's size and the processor") {
  const auto chosen = [](bool cpu, bool native_bf16, std::uint64_t values) {
    return choose_dtype("auto", {.cpu = cpu, .native_bf16 = native_bf16, .dit_values = values}).name;
  };
  CHECK(chosen(true, true, kSmall) == "fp32");
  CHECK(chosen(true, false, kSmall) == "fp32");
  CHECK(chosen(true, true, kLarge) == "bf16");
  CHECK(chosen(true, false, kLarge) == "fp32");
  CHECK(chosen(false, false, kSmall) == "bf16");
  CHECK(chosen(false, true, kLarge) == "bf16");
}

TEST_CASE("a dtype that is asked for is taken, int8 on the CPU only") {
  const DtypeFacts cpu{.cpu = true, .native_bf16 = true, .int8 = true, .dit_values = kLarge};
  CHECK(choose_dtype("fp32", cpu).dtype == at::kFloat);
  CHECK(choose_dtype("bf16", cpu).dtype == at::kBFloat16);
  CHECK(choose_dtype("fp16", cpu).dtype == at::kHalf);
  CHECK(choose_dtype("bf16", cpu).bulk == Holding::kConverted);
  const DtypeChoice int8 = choose_dtype("int8", cpu);
  CHECK((int8.bulk == Holding::kInt8 && int8.dtype == at::kBFloat16 && int8.name == "int8"));
  const DtypeChoice without =
      choose_dtype("int8", {.cpu = true, .native_bf16 = false, .int8 = true, .dit_values = kLarge});
  CHECK((without.bulk == Holding::kInt8 && without.dtype == at::kFloat));
  for (const auto& [name, on_cpu] :
       {std::pair{"int8", false}, {"int8", true}, {"fp8", true}, {"fp8", false}, {"", true}}) {
    const auto error = test::error_of([&, name = name, on_cpu = on_cpu] { choose_dtype(name, {.cpu = on_cpu}); });
    REQUIRE(error);
    CHECK(error->code() == ErrorCode::kUsage);
    CHECK_FALSE(error->hint().empty());
  }
}

TEST_CASE("fp8 is for cards that multiply it, only where it is asked for, and a refusal names bf16") {
  const DtypeFacts card{.cpu = false, .fp8 = true, .dit_values = kLarge};
  const DtypeChoice fp8 = choose_dtype("fp8", card);
  CHECK((fp8.bulk == Holding::kFp8 && fp8.dtype == at::kBFloat16 && fp8.name == "fp8"));
  CHECK(choose_dtype("auto", card).bulk == Holding::kConverted);
  CHECK_NOTHROW(check_dtype("fp8"));
  for (const DtypeFacts& facts : {DtypeFacts{.cpu = false, .dit_values = kLarge},
                                  DtypeFacts{.cpu = true, .native_bf16 = true, .int8 = true, .dit_values = kLarge}}) {
    const auto error = test::error_of([&] { choose_dtype("fp8", facts); });
    REQUIRE(error);
    CHECK(error->code() == ErrorCode::kUsage);
    CHECK(error->hint().find("--dtype bf16") != std::string::npos);
  }
}

}  // namespace
}  // namespace zimage
