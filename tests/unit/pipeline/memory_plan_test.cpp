#include "pipeline/residency/memory_plan.h"

#include <algorithm>

#include <map>
#include <string>
#include <vector>

#include "pipeline/residency/memory_limit.h"
#include "pipeline/residency/memory_need.h"
#include "support/catch.h"
#include "support/files.h"

namespace zimage {
namespace {

constexpr std::uint64_t kGB = 1'000'000'000;

// The published model: 30 layers of 178 million numbers in their matrices, two refiners of each kind, and the rest.
constexpr std::uint64_t kLayerBulk = 4 * 3840ULL * 3840 + 3 * 3840ULL * 10240;
constexpr std::uint64_t kLayerRest = 256ULL * 4 * 3840 + 5 * 3840;

/// How a file holds the DiT: bytes for each number of a matrix, and whether those are dense.
struct File {
  const char* name;
  double bulk_bytes;
  bool dense;
};

const std::vector<File> kFiles{{"F32 folder", 4.0, true},    {"bf16", 2.0, true},        {"fp8", 1.0, false},
                               {"int8_convrot", 1.0, false}, {"Q8_0", 34.0 / 32, false}, {"Q4_K_M", 4.85 / 8, false}};

WeightGroup group(const File& file, std::uint64_t bulk, std::uint64_t rest) {
  const auto bytes = static_cast<std::uint64_t>(static_cast<double>(bulk) * file.bulk_bytes);
  const std::uint64_t rest_bytes = rest * (file.bulk_bytes == 4.0 ? 4 : 2);
  if (!file.dense) {
    return {.values = rest, .dense_bytes = rest_bytes, .quantised_bytes = bytes, .quantised_values = bulk};
  }
  return {.values = rest, .bulk_values = bulk, .dense_bytes = bytes + rest_bytes};
}

PartWeights blocks(const File& file, std::uint64_t layers, std::uint64_t fixed) {
  return {.fixed = group(file, fixed * kLayerBulk, fixed * kLayerRest + 20'000'000),
          .layers = group(file, layers * kLayerBulk, layers * kLayerRest),
          .largest = group(file, kLayerBulk, kLayerRest),
          .layer_count = static_cast<std::int64_t>(layers)};
}

ModelConfigs published() {
  ModelConfigs configs;
  configs.dit.in_channels = 16;
  configs.dit.dim = 3840;
  configs.dit.ffn_dim = 10240;
  configs.dit.n_heads = 30;
  configs.text_encoder.hidden_size = 2560;
  configs.text_encoder.intermediate_size = 9728;
  configs.vae.block_out_channels = {128, 256, 512, 512};
  return configs;
}

MemoryNeed need_of(const File& file, bool controlnet, double megapixels, std::uint64_t dtype_bytes = 2) {
  const File bf16{"bf16", 2.0, true};
  MemoryNeed need;
  need.dit = blocks(file, 30, 4);
  if (controlnet) need.controlnet = blocks(file, 15, 2);
  need.text_encoder = {
      .layers = group(bf16, 0, 35 * 100'930'816ULL), .largest = group(bf16, 0, 100'930'816ULL), .layer_count = 35};
  need.vae.fixed = group(bf16, 0, 83'819'683);
  need.dtype_bytes = dtype_bytes;
  ModelConfigs configs = published();
  configs.controlnet = controlnet;
  need.work =
      stage_work(configs, square_of(megapixels), dtype_bytes == 2 ? at::kBFloat16 : at::kFloat, Holding::kConverted);
  return need;
}

bool streams(const MemoryPlan& plan, const MemoryNeed& need) {
  return plan.dit_layers < need.dit.layer_count || plan.controlnet_layers < need.controlnet.layer_count;
}

/// What is better has more: it fits, streams fewer layers, and holds more beside one another.
int worth(const MemoryPlan& plan) {
  if (!plan.summary.fits) return 0;
  return 1 + static_cast<int>(plan.dit_layers + plan.controlnet_layers) * 16 + (plan.text_encoder_layers > 0 ? 8 : 0) +
         (plan.keep_dit ? 4 : 0) + (plan.keep_text_encoder ? 2 : 0) + (plan.vae_strips ? 0 : 1);
}

/// Calls `check` for every file, with and without a ControlNet, and every size of picture.
template <class Check>
void for_each_need(Check check) {
  for (const File& file : kFiles) {
    for (const bool controlnet : {false, true}) {
      for (const double megapixels : {0.25, 1.0, 4.0}) {
        INFO(file.name << (controlnet ? " with a ControlNet" : "") << " at " << megapixels << " megapixels");
        check(need_of(file, controlnet, megapixels));
      }
    }
  }
}

void check_stages(const MemoryPlan& plan) {
  const MemorySummary& summary = plan.summary;
  REQUIRE(summary.stages.size() == 4);
  std::uint64_t peak = 0;
  for (const StageMemory& stage : summary.stages) peak = std::max(peak, stage.weights + stage.work);
  CHECK(summary.peak == peak);
  CHECK_FALSE(summary.residency.empty());
}

TEST_CASE("on every host, a plan fits with room to spare, or says that it doesn't fit") {
  for_each_need([](const MemoryNeed& need) {
    int before = 0;
    for (const std::uint64_t gigabytes : {8, 16, 24, 32, 64}) {
      const MemoryPlan plan = plan_memory(need, {.host = gigabytes * kGB}, Offload::kAuto);
      INFO("host of " << gigabytes << " GB: " << plan.summary.residency << ", " << plan.summary.peak);
      check_stages(plan);
      CHECK(plan.summary.fits == (plan.summary.peak <= gigabytes * kGB));
      CHECK(worth(plan) >= before);  // more memory never makes a plan worse
      before = worth(plan);
      // Without streaming or a refusal there is room to spare.
      if (plan.summary.fits && plan.dit_layers > 0) CHECK(plan.summary.peak <= gigabytes * kGB / 16 * 15);
    }
    CHECK(before > 0);
  });
}

TEST_CASE("on every card, a plan fits into the card and the host") {
  for_each_need([](const MemoryNeed& need) {
    for (const std::uint64_t host : {16, 32, 64}) {
      int before = 0;
      for (const std::uint64_t card : {6, 8, 12, 16, 24, 48, 80}) {
        const MemoryPlan plan = plan_memory(need, {.host = host * kGB, .device = card * kGB}, Offload::kAuto);
        INFO("card of " << card << " GB, host of " << host << ": " << plan.summary.residency);
        check_stages(plan);
        const bool fits = plan.summary.peak <= card * kGB && plan.summary.host_peak <= host * kGB;
        CHECK(plan.summary.fits == fits);
        CHECK(worth(plan) >= before);
        before = worth(plan);
        if (!streams(plan, need) && plan.text_encoder_layers > 0) CHECK(plan.summary.host_peak < 2 * kGB);
      }
      CHECK(before > 0);
    }
  });
}

TEST_CASE("the plan of well-known machines") {
  const auto plan = [](const char* name, bool controlnet, double megapixels, MachineMemory machine) {
    const auto file =
        std::find_if(kFiles.begin(), kFiles.end(), [&](const File& f) { return f.name == std::string(name); });
    return plan_memory(need_of(*file, controlnet, megapixels), machine, Offload::kAuto);
  };
  const auto host = [](double gigabytes) { return MachineMemory{.host = static_cast<std::uint64_t>(gigabytes * 1e9)}; };
  const auto card = [](double gigabytes) {
    return MachineMemory{.host = 64 * kGB, .device = static_cast<std::uint64_t>(gigabytes * 1e9)};
  };
  SECTION("the CPU") {
    const MemoryPlan large = plan("bf16", false, 0.25, host(64));
    CHECK((large.keep_text_encoder && large.keep_dit && !large.vae_strips && large.dit_layers == 30));
    const MemoryPlan usual = plan("bf16", false, 0.25, host(15));
    CHECK((!usual.keep_text_encoder && usual.keep_dit && usual.dit_layers == 30 && usual.text_encoder_layers == 35));
    const MemoryPlan folder = plan("F32 folder", false, 0.25, host(15));
    CHECK((folder.dit_layers == 30 && folder.summary.fits));
    const MemoryPlan small = plan("bf16", false, 0.25, host(6));
    CHECK((small.dit_layers < 15 && small.dit_layers > 0 && small.text_encoder_layers == 0 && small.summary.fits));
    CHECK(plan("Q8_0", false, 0.25, host(9)).dit_layers == 30);
    CHECK(plan("Q4_K_M", false, 0.25, host(6)).dit_layers == 30);
    CHECK_FALSE(plan("bf16", false, 4.0, host(2)).summary.fits);
  }
  SECTION("cards") {
    const MemoryPlan large = plan("bf16", true, 4.0, card(80));
    CHECK((large.keep_text_encoder && large.keep_dit && !large.vae_strips));
    const MemoryPlan usual = plan("bf16", false, 1.0, card(24));
    CHECK((usual.keep_dit && usual.dit_layers == 30 && usual.text_encoder_layers == 35));
    const MemoryPlan twelve = plan("bf16", false, 1.0, card(12));
    CHECK((twelve.dit_layers < 30 && twelve.dit_layers > 15 && twelve.summary.fits));
    CHECK(plan("Q8_0", false, 1.0, card(12)).dit_layers == 30);
    CHECK(plan("Q4_K_M", false, 1.0, card(8)).dit_layers == 30);
    const MemoryPlan six = plan("bf16", true, 1.0, card(6));
    CHECK((six.controlnet_layers == 0 && six.summary.fits));
    // What is streamed waits in the host's memory, which has to hold it.
    CHECK_FALSE(
        plan_memory(need_of(kFiles[1], true, 1.0), {.host = 8 * kGB, .device = 6 * kGB}, Offload::kAuto).summary.fits);
  }
}

TEST_CASE("fp8 halves the matrices of a bf16 file, where they stay and where they are streamed") {
  const auto plan = [](Holding bulk, bool controlnet, std::uint64_t gigabytes) {
    MemoryNeed need = need_of(kFiles[1], controlnet, 1.0);
    need.bulk = bulk;
    return plan_memory(need, {.host = 64 * kGB, .device = gigabytes * kGB}, Offload::kAuto);
  };
  const auto weights = [](const MemoryPlan& made) { return made.summary.stages[2].weights; };
  const MemoryPlan large = plan(Holding::kFp8, true, 80);
  CHECK(large.holding == Holding::kFp8);
  CHECK(weights(plan(Holding::kConverted, true, 80)) - weights(large) == (30 + 4 + 15 + 2) * kLayerBulk);
  CHECK(plan(Holding::kConverted, false, 12).dit_layers < 30);
  CHECK(plan(Holding::kFp8, false, 12).dit_layers == 30);
  const MemoryPlan small = plan(Holding::kFp8, true, 6);
  CHECK((small.dit_layers < 30 && small.summary.fits && small.holding == Holding::kFp8));
  CHECK(small.summary.host_peak < plan(Holding::kConverted, true, 6).summary.host_peak * 6 / 10);
}

TEST_CASE("--offload decides what stays") {
  const MemoryNeed need = need_of(kFiles[1], true, 1.0);
  const MachineMemory machine{.host = 64 * kGB};
  const MemoryPlan none = plan_memory(need, machine, Offload::kNone);
  CHECK((none.keep_text_encoder && none.keep_dit && none.dit_layers == 30 && none.controlnet_layers == 15));
  const MemoryPlan stage = plan_memory(need, machine, Offload::kStage);
  CHECK((!stage.keep_text_encoder && !stage.keep_dit && stage.dit_layers == 30));
  const MemoryPlan stream = plan_memory(need, machine, Offload::kStream);
  CHECK((stream.dit_layers == 0 && stream.controlnet_layers == 0 && stream.text_encoder_layers == 0));
  CHECK(stream.summary.peak < stage.summary.peak);
  CHECK(stage.summary.peak < none.summary.peak);
  CHECK_FALSE(plan_memory(need, {.host = 16 * kGB}, Offload::kNone).summary.fits);
}

TEST_CASE("the DiT comes while the prompt is encoded only where that takes no more than the plan says") {
  for_each_need([](const MemoryNeed& need) {
    for (const bool device : {false, true}) {
      for (const std::uint64_t gigabytes : {8, 16, 24, 32, 48, 80}) {
        MachineMemory machine{.host = 64 * kGB};
        (device ? machine.device.emplace() : machine.host) = gigabytes * kGB;
        const MemoryPlan plan = plan_memory(need, machine, Offload::kAuto);
        INFO((device ? "card of " : "host of ") << gigabytes << " GB: " << plan.summary.residency);
        // What stays for good is there while the next prompt is encoded anyway.
        if (plan.keep_text_encoder && plan.keep_dit) CHECK(plan.dit_beside_prompt);
        if (!plan.dit_beside_prompt) continue;
        const auto& stages = plan.summary.stages;
        const bool streams_dit = plan.dit_layers < need.dit.layer_count;
        const std::uint64_t dit = held_bytes(need.dit.fixed, plan.holding, 2) +
                                  (streams_dit ? 0 : held_bytes(need.dit.layers, plan.holding, 2));
        CHECK(stages[0].weights + dit + stages[0].work <= plan.summary.peak);
        CHECK(stages[0].host <= plan.summary.host_peak);
      }
    }
  });
  const auto on_card = [](std::uint64_t gigabytes) {
    return plan_memory(need_of(kFiles[1], false, 1.0), {.host = 64 * kGB, .device = gigabytes * kGB}, Offload::kAuto);
  };
  CHECK(on_card(32).dit_beside_prompt);
  CHECK_FALSE(on_card(16).dit_beside_prompt);
  CHECK_FALSE(plan_memory(need_of(kFiles[1], false, 1.0), {.host = 64 * kGB, .device = 80 * kGB}, Offload::kStage)
                  .dit_beside_prompt);
}

TEST_CASE("a plan that is made for one size is summarised for a run of another") {
  const MachineMemory machine{.host = 8 * kGB};
  const MemoryPlan plan = plan_memory(need_of(kFiles[1], false, 1.0), machine, Offload::kAuto);
  const MemoryPlan smaller = with_summary(plan, need_of(kFiles[1], false, 0.25), machine);
  CHECK(smaller.dit_layers == plan.dit_layers);
  CHECK(smaller.vae_strips == plan.vae_strips);
  CHECK(smaller.summary.residency == plan.summary.residency);
  REQUIRE(smaller.summary.stages.size() == plan.summary.stages.size());
  CHECK(smaller.summary.stages[2].weights == plan.summary.stages[2].weights);
  CHECK(smaller.summary.stages[2].work < plan.summary.stages[2].work);
  CHECK(smaller.summary.peak < plan.summary.peak);
}

TEST_CASE("weights that grow when they are converted are held as they are stored where memory is short") {
  const MemoryNeed need = need_of(kFiles[1], false, 0.25, 4);
  const MemoryPlan plan = plan_memory(need, {.host = 16 * kGB}, Offload::kAuto);
  CHECK(plan.holding == Holding::kStored);
  CHECK(plan.dit_layers == 30);
  CHECK(plan_memory(need, {.host = 64 * kGB}, Offload::kAuto).holding == Holding::kConverted);
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

TEST_CASE("what others in a control group take isn't free, but pages of files are") {
  const test::TemporaryFolder folder;
  test::write(folder / "cgroup", "0::/job/step\n");
  const auto free = [&] { return cgroup_free_bytes(folder / "cgroup", folder / "fs"); };
  CHECK_FALSE(free());
  test::write(folder / "fs/job/memory.max", "1000\n");
  CHECK(free() == 1000);
  test::write(folder / "fs/job/memory.current", "700\n");
  CHECK(free() == 300);
  test::write(folder / "fs/job/memory.stat", "anon 300\ninactive_file 150\nactive_file 250\n");
  CHECK(free() == 700);
  test::write(folder / "fs/job/step/memory.max", "500\n");
  test::write(folder / "fs/job/step/memory.current", "600\n");  // a limit may be lowered later
  CHECK(free() == 0);
  test::write(folder / "cgroup", "4:memory:/old\n");
  test::write(folder / "fs/memory/old/memory.limit_in_bytes", "900\n");
  test::write(folder / "fs/memory/old/memory.usage_in_bytes", "800\n");
  test::write(folder / "fs/memory/old/memory.stat", "inactive_file 5\ntotal_inactive_file 300\n");
  CHECK(free() == 400);
}

TEST_CASE("weights that no file holds take their memory, streamed or not") {
  MemoryNeed need = need_of(kFiles[1], false, 0.25);
  need.dit.no_file = true;
  const MachineMemory machine{.host = 8 * kGB};
  CHECK(plan_memory(need_of(kFiles[1], false, 0.25), machine, Offload::kStream).summary.fits);
  CHECK_FALSE(plan_memory(need, machine, Offload::kStream).summary.fits);
  CHECK_FALSE(plan_memory(need, machine, Offload::kAuto).summary.fits);
}

TEST_CASE("a plan without room to spare is taken where none has any, and strips where they take less") {
  MemoryNeed need = need_of(kFiles[1], false, 0.25);
  need.work.encode_strips = need.work.encode + 1;
  need.work.decode_strips = need.work.decode + 1;
  CHECK_FALSE(plan_memory(need, {.host = 8 * kGB}, Offload::kStream).vae_strips);
  const std::uint64_t least = plan_memory(need, {.host = 8 * kGB}, Offload::kStream).summary.peak;
  const MemoryPlan tight = plan_memory(need, {.host = least + kGB / 100}, Offload::kAuto);
  CHECK(tight.summary.fits);
  const MemoryPlan lacking = plan_memory(need, {.host = least - kGB / 100}, Offload::kAuto);
  CHECK_FALSE(lacking.summary.fits);
  CHECK(lacking.summary.peak == least);
}

}  // namespace
}  // namespace zimage
