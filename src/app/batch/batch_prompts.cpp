#include "app/batch/batch_prompts.h"

#include "app/job/resolve.h"

namespace zimage::app {

BatchPrompts::BatchPrompts(const std::vector<Job>* jobs, const Shard& shard, Inpainter& inpainter)
    : inpainter_(inpainter) {
  if (jobs == nullptr) return;
  for (const Job& job : *jobs) {
    if (job.error || !shard.holds(job.index)) continue;
    try {
      std::vector<std::string> prompts = resolve_prompts(job.settings, inpainter.info().defaults);
      inpainter_.expect_prompts(prompts);
      prompts_.emplace(job.index, std::move(prompts));
    } catch (const Error&) {
      continue;  // reported when its turn comes
    }
  }
}

void BatchPrompts::release(std::size_t job_index) {
  const auto job = prompts_.find(job_index);
  if (job == prompts_.end()) return;
  for (const std::string& prompt : job->second) inpainter_.release_prompt(prompt);
  prompts_.erase(job);
}

}  // namespace zimage::app
