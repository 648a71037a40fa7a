#include "nn/kernels/self_check.h"

#include <ATen/Context.h>
#include <c10/core/InferenceMode.h>
#include <c10/util/Exception.h>

#include "base/log.h"
#include "base/text.h"
#include "nn/kernels/check_cases.h"
#include "nn/kernels/cuda_launch.h"
#include "zimage/error.h"

namespace zimage::nn::kernels {
namespace {

/// Returns the place of a kernel's operation in checked_operations().
std::size_t operation_of(KernelId kernel) {
  static const auto places = [] {
    std::array<std::size_t, kKernelCount> made{};
    for (std::size_t i = 0; i < checked_operations().size(); ++i) {
      for (const KernelId id : checked_operations()[i].kernels) made.at(static_cast<std::size_t>(id)) = i;
    }
    return made;
  }();
  return places.at(static_cast<std::size_t>(kernel));
}

std::string first_line(const std::string& text) { return printable(text.substr(0, text.find('\n'))); }

}  // namespace

const std::vector<CheckedOperation>& checked_operations() {
  static const std::vector<CheckedOperation>& operations = *new std::vector<CheckedOperation>([] {
    std::vector<CheckedOperation> all;
    for (const KernelInfo& info : kKernels) {
      const std::string name = concat({info.name}).starts_with("group_norm_") ? "group_norm" : info.name;
      if (all.empty() || all.back().name != name) all.push_back({name, {}});
      all.back().kernels.push_back(info.id);
    }
    return all;
  }());
  return operations;
}

std::string check_operation(Executor& executor, const at::Device& device, const CheckedOperation& operation,
                            ElementId element) {
  const c10::InferenceMode guard;
  try {
    return run_cases(executor, device, operation.kernels.front(), element);
  } catch (const Error& e) {
    if (e.fatal() || e.code() == ErrorCode::kMemory) throw;
    return first_line(e.message());
  } catch (const c10::OutOfMemoryError&) {
    throw;
  } catch (const c10::AcceleratorError&) {
    throw;  // the device may be lost, which pipeline/torch_error decides
  } catch (const std::exception& e) {
    return first_line(e.what());
  }
}

const std::string& CheckedKernels::check(std::size_t operation, ElementId element) {
  Finding& finding = findings_.at(static_cast<std::size_t>(element)).at(operation);
  std::call_once(finding.checked, [&] {
    const CheckedOperation& what = checked_operations().at(operation);
    finding.wrong = check_operation(executor_, device_, what, element);
    if (!finding.wrong.empty()) warn(what.name, element, finding.wrong);
  });
  return finding.wrong;
}

void CheckedKernels::warn(const std::string& operation, ElementId element, const std::string& wrong) {
  // If the kernels can't be compiled, all of them fail for the same reason.
  const std::lock_guard lock(mutex_);
  if (!warned_.insert(wrong).second) return;
  log::warning(concat({"the program's own kernel ", operation, " in ", element_suffix(element), " isn't used on ",
                       device_.str(), ": ", wrong, "; libtorch's operations do its work, slower and as well"}));
}

Executor* CheckedKernels::find(KernelId kernel, ElementId element) {
  return check(operation_of(kernel), element).empty() ? &executor_ : nullptr;
}

std::vector<CheckedKernels::Failure> CheckedKernels::failures(ElementId element) {
  std::vector<Failure> failures;
  for (std::size_t i = 0; i < checked_operations().size(); ++i) {
    const std::string& wrong = check(i, element);
    if (!wrong.empty()) failures.push_back({checked_operations()[i].name, element, wrong});
  }
  return failures;
}

}  // namespace zimage::nn::kernels
