#include "app/tools/bench.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>
#include <sstream>
#include <utility>

#include "app/job/resolve.h"
#include "app/options/binding.h"
#include "base/peak_memory.h"
#include "base/stopwatch.h"
#include "base/text.h"
#include "codecs/image_file.h"
#include "pipeline/tools/work_counter.h"
#include "zimage/error.h"

namespace zimage::app {
namespace {

constexpr int kSideMultiple = 16;
constexpr int kMostSide = 8192;
constexpr const char* kPrompt = "a wooden bench under an old tree at the edge of a meadow, soft morning light";
/// The stages that a run reports, in order; "forward" and the sums are the bench's own.
constexpr const char* kStages[] = {"load", "encode prompt", "encode picture", "denoise", "decode", "composite"};

PictureSize parse_size(const std::string& text) {
  PictureSize size;
  const char* const end = text.data() + text.size();
  const auto width = std::from_chars(text.data(), end, size.width);
  const bool separated = width.ec == std::errc() && width.ptr != end && *width.ptr == 'x';
  const auto height = separated ? std::from_chars(width.ptr + 1, end, size.height) : width;
  const auto good = [](int side) { return side >= kSideMultiple && side <= kMostSide && side % kSideMultiple == 0; };
  if (!separated || height.ec != std::errc() || height.ptr != end || !good(size.width) || !good(size.height)) {
    throw Error(ErrorCode::kUsage, concat({"--size ", in_quotes(text), " is no size"}),
                "it is WIDTHxHEIGHT in pixels, both multiples of 16 up to 8192, like 512x512, or several with commas");
  }
  return size;
}

std::vector<PictureSize> parse_sizes(const std::string& text) {
  std::vector<PictureSize> sizes;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, ',');) sizes.push_back(parse_size(part));
  if (sizes.empty() || text.ends_with(',')) sizes.push_back(parse_size(""));
  return sizes;
}

/// Makes a picture with edges and gradients, and a mask of a quarter of it in its middle.
Request make_request(const BenchJob& job, const PictureSize& size) {
  auto source = std::make_shared<PixelSource>();
  source->image = Image(size.width, size.height, 3);
  auto mask = std::make_shared<Mask>(size.width, size.height);
  for (int y = 0; y < size.height; ++y) {
    for (int x = 0; x < size.width; ++x) {
      const bool bright = (x / 32 + y / 32) % 2 == 0;
      std::uint8_t* const pixel = source->image.samples.bytes() + source->image.index(x, y);
      pixel[0] = static_cast<std::uint8_t>(255 * x / size.width);
      pixel[1] = static_cast<std::uint8_t>(255 * y / size.height);
      pixel[2] = bright ? 200 : 60;
      const bool inside =
          std::abs(2 * x - size.width) < size.width / 2 && std::abs(2 * y - size.height) < size.height / 2;
      mask->repaint[mask->index(x, y)] = inside ? 1 : 0;
    }
  }
  Request request;
  request.picture = std::move(source);
  request.mask = std::move(mask);
  request.prompt = kPrompt;
  request.sampling.steps = job.steps;
  request.sampling.guidance_scale = 1.0;  // so that a step is one forward
  request.seed = 1;
  request.feather = 4;
  request.color_match = true;
  return request;
}

/// Times the steps and, if there is a counter, counts their work.
class StepTimer final : public Observer {
 public:
  StepTimer(Progress& progress, const WorkCounter* counter) : progress_(progress), counter_(counter) {}

  void stage(const std::string& name) override {
    if (name == "denoise") begin();
  }
  void step(int, int) override {
    times_.push_back(watch_.ms());
    if (counter_ != nullptr) {
      const WorkCounts now = counter_->counts();
      last_ = {.allocations = now.allocations - before_.allocations, .operators = now.operators - before_.operators};
    }
    begin();
  }
  bool cancelled() override { return progress_.cancelled(); }

  const std::vector<double>& times() const { return times_; }
  const WorkCounts& last_step() const { return last_; }

 private:
  void begin() {
    if (counter_ != nullptr) before_ = counter_->counts();
    watch_ = Stopwatch();
  }

  Progress& progress_;
  const WorkCounter* counter_;
  Stopwatch watch_;
  std::vector<double> times_;
  WorkCounts before_{}, last_{};
};

/// One run's times by stage, of which a forward has several.
using StageTimes = std::map<std::string, std::vector<double>>;

/// What runs tell, besides their times.
struct RunFacts {
  ModelInfo model{};
  RunWork work{};
  BenchCounts counts{};
  MemorySummary memory{};
};

StageTimes run_once(const BenchJob& job, const Request& request, Progress& progress, bool count, RunFacts& facts) {
  StageTimes times;
  const Stopwatch all;
  BenchModel model(job.model, job.random_shape, job.compute);
  const double open_ms = all.ms();
  const Work work = model.inpainter().plan(request);
  const auto counter = count ? std::make_unique<WorkCounter>() : nullptr;
  StepTimer timer(progress, counter.get());
  const Result result = model.inpainter().run(work, timer);
  const Stopwatch write;
  Image picture = request.picture->image;
  for (const Patch& patch : result.patches) paste(patch, picture);
  codecs::encode_image(picture, {});
  times["write"] = {write.ms()};
  times["end to end"] = {all.ms()};
  for (const char* name : kStages) {
    const auto found = result.timings.find(name);
    times[name] = {found == result.timings.end() ? 0.0 : found->second};
  }
  times["load"].front() += open_ms;
  times["all but load"] = {times["end to end"].front() - times["load"].front()};
  times["forward"] = timer.times();
  if (count) {
    facts.model = model.inpainter().info();
    facts.memory = work.memory;
    facts.work = model.work_of(request.picture->image.width, request.picture->image.height, result.prompt_tokens);
    facts.counts = {.forwards = work.forwards,
                    .allocations_per_step = timer.last_step().allocations,
                    .operators_per_step = timer.last_step().operators,
                    .bytes_loaded = model.bytes_loaded()};
  }
  return times;
}

/// Puts the stages into the order of the report, with their operations.
std::vector<BenchStage> stages_of(const StageTimes& times, const RunFacts& facts) {
  const RunWork& work = facts.work;
  const double denoise = work.forward * facts.counts.forwards;
  const double sum = work.encode_prompt + work.encode_picture + denoise + work.decode;
  std::vector<BenchStage> stages;
  const auto add = [&](const char* name, double operations) {
    stages.push_back({.name = name, .times = times.at(name), .operations = operations});
  };
  add("load", 0.0);
  add("encode prompt", work.encode_prompt);
  add("encode picture", work.encode_picture);
  add("forward", work.forward);
  add("denoise", denoise);
  add("decode", work.decode);
  add("composite", 0.0);
  add("write", 0.0);
  add("all but load", sum);
  add("end to end", sum);
  return stages;
}

BenchSize measure_size(const BenchJob& job, const PictureSize& size, Progress& progress, RunFacts& facts) {
  const Request request = make_request(job, size);
  const int runs = job.warmup + job.repeat;
  StageTimes times;
  BenchSize measured{.size = size};
  reset_peak_memory();
  if (!facts.model.device.empty()) reset_device_peak(facts.model.device);
  for (int run = 0; run < runs; ++run) {
    const StageTimes once = run_once(job, request, progress, /*count=*/run == 0, facts);
    progress.step(run + 1, runs);
    if (run < job.warmup) continue;
    for (const auto& [name, values] : once) times[name].insert(times[name].end(), values.begin(), values.end());
  }
  measured.peak_memory_mb = peak_memory_mb();
  measured.memory = facts.memory;
  measured.device_peak_bytes = device_peak_bytes(facts.model.device);
  measured.work = facts.work;
  measured.stages = stages_of(times, facts);
  measured.counts = facts.counts;
  measured.counts.operations = measured.stages.back().operations;
  return measured;
}

}  // namespace

double BenchStage::gflops() const {
  const double median = spread().median;
  return operations > 0.0 && median > 0.0 ? operations / median / 1e6 : 0.0;
}

BenchJob bench_job(const Settings& settings) {
  JobSpec spec;
  bind_options(settings, spec);
  check_device(spec.compute.device);
  BenchJob job{.compute = spec.compute};
  job.random_shape = settings.text("random-weights");
  job.sizes = parse_sizes(settings.text("size"));
  job.steps = static_cast<int>(settings.integer("steps"));
  job.warmup = static_cast<int>(settings.integer("warmup"));
  job.repeat = static_cast<int>(settings.integer("repeat"));
  job.model = spec.model;
  if (job.random_shape.empty()) {
    check_model(spec);
  } else if (settings.given_by("model", Source::kCommandLine)) {
    throw Error(ErrorCode::kUsage, "--random-weights and --model exclude each other", "give one of them");
  }
  return job;
}

BenchReport run_bench(const BenchJob& job, Progress& progress) {
  BenchReport report;
  report.machine = look_at_machine();
  report.compute = choose_compute(job.compute);
  RunFacts facts;
  for (const PictureSize& size : job.sizes) {
    progress.stage(concat({"bench ", size_text(size.width, size.height)}));
    BenchSize measured = measure_size(job, size, progress, facts);
    const BenchModel headers(job.model, job.random_shape, job.compute);
    measured.ceiling = measure_gemm(headers, measured.work.image_tokens + measured.work.caption_tokens, [&] {
      if (progress.cancelled()) throw Error(ErrorCode::kInterrupted, "interrupted");
    });
    report.sizes.push_back(std::move(measured));
  }
  report.model = facts.model;
  return report;
}

}  // namespace zimage::app
