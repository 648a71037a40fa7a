// The noise levels of a run. Flow matching: x_σ = (1 − σ)·x_0 + σ·noise.
#pragma once

#include <vector>

namespace zimage {

/// Returns `steps` noise levels from 1 down, shifted, and then 0 (steps + 1 values):
/// t = linspace(1, 1/steps, steps), σ = shift·t / (1 + (shift − 1)·t).
/// Errors: kUsage for steps < 1 or a shift that is not a positive finite number.
std::vector<double> make_sigmas(int steps, double shift);

/// Returns the schedule entered at noise level `strength`: [strength], then the σ below it. The first of those is left
/// out when the step to it is less than half the next one in λ = −ln σ, because a short step before a long one makes
/// the multistep coefficients blow up. Before the step to 0, which is an Euler step without such coefficients, nothing
/// is left out. strength = 1 gives the schedule itself.
/// Errors: kUsage for a strength outside (0, 1].
std::vector<double> sigmas_from_strength(const std::vector<double>& sigmas, double strength);

/// Returns the levels in the order in which RePaint resampling visits them (Lugmayr et al., arXiv 2201.09865): wherever
/// a multiple of `length` steps is left, except during the first `length` steps, it jumps `length` steps back and goes
/// through them again, until it has gone through them `count` times. A level above the one before it is such a jump.
/// With length < 1 or count < 2 it returns `sigmas`, which must descend.
/// Errors: kUsage for more than 100000 steps in all.
std::vector<double> with_jumps(const std::vector<double>& sigmas, int length, int count);

/// Splits the levels at the jumps into descending runs, each for one run of a sampler. A jump goes from the last level
/// of a run to the first of the next.
std::vector<std::vector<double>> descents(const std::vector<double>& visits);

/// Returns the number of steps in all descents.
int count_steps(const std::vector<double>& visits);

/// Returns whether a step at noise level σ is guided: whether 1 − σ is at most `truncation` (diffusers' cfg_truncation,
/// compared in fp32 with its arithmetic, so that both agree on every step).
bool guided_at(double sigma, double truncation);

/// Returns the number of steps in all descents that are guided.
int count_guided_steps(const std::vector<double>& visits, double truncation);

}  // namespace zimage
