#include "pipeline/residency/memory_plan.h"

#include "pipeline/residency/memory_limit.h"
#include "support/catch.h"
#include "support/files.h"

namespace zimage {
namespace {

constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;

TEST_CASE("parts stay in memory, and the DiT is packed, if they take less than half of it") {
  const ModelBytes bytes{.dit = 3 * kGiB, .controlnet = kGiB, .text_encoder = 2 * kGiB, .vae = kGiB};
  const auto plan = [&](std::uint64_t limit, bool cpu = true) { return plan_memory(bytes, limit, cpu); };
  CHECK(plan(15 * kGiB).keep_text_encoder);
  CHECK_FALSE(plan(14 * kGiB).keep_text_encoder);
  // The denoising parts alone take 4, which is less than half of 9.
  CHECK(plan(9 * kGiB).pack_dit);
  CHECK_FALSE(plan(9 * kGiB).keep_text_encoder);
  CHECK_FALSE(plan(8 * kGiB).pack_dit);
  CHECK_FALSE(plan(64 * kGiB, false).keep_text_encoder);
  CHECK_FALSE(plan(64 * kGiB, false).pack_dit);
}

TEST_CASE("a process's memory limit comes from its control group and all groups above it") {
  const test::TemporaryFolder folder;
  const auto limit_of = [&](const std::string& membership) {
    test::write(folder / "cgroup", membership);
    return cgroup_limit_bytes(folder / "cgroup", folder / "fs");
  };
  test::write(folder / "fs/memory.max", "max\n");
  CHECK_FALSE(limit_of("0::/\n"));
  // Slurm and systemd set their limits below the mount's root.
  test::write(folder / "fs/system.slice/job/memory.max", "3000\n");
  test::write(folder / "fs/system.slice/job/step/memory.max", "max\n");
  CHECK(limit_of("0::/system.slice/job/step\n") == 3000);
  CHECK_FALSE(limit_of("0::/other\n"));
  test::write(folder / "fs/system.slice/memory.max", "2000\n");
  CHECK(limit_of("0::/system.slice/job/step\n") == 2000);
  // A container sees its own group as the root.
  test::write(folder / "fs/memory.max", "1500\n");
  CHECK(limit_of("0::/\n") == 1500);
  CHECK(limit_of("") == 1500);
}

TEST_CASE("control groups of version 1 set a memory limit too") {
  const test::TemporaryFolder folder;
  test::write(folder / "fs/memory/slurm/job_7/memory.limit_in_bytes", "4000\n");
  test::write(folder / "cgroup", "5:cpu,cpuacct:/slurm\n4:hugetlb,memory:/slurm/job_7\n");
  CHECK(cgroup_limit_bytes(folder / "cgroup", folder / "fs") == 4000);
  test::write(folder / "cgroup", "4:cpu:/slurm/job_7\n");
  CHECK_FALSE(cgroup_limit_bytes(folder / "cgroup", folder / "fs"));
}

}  // namespace
}  // namespace zimage
