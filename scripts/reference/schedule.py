"""Noise levels of a run, in fp64."""

import math


def shifted_schedule(steps: int, shift: float) -> list[float]:
    """t = linspace(1, 1/steps, steps), sigma = shift*t / (1 + (shift-1)*t), then 0."""
    if steps < 1:
        raise ValueError("steps must be at least 1")
    if shift <= 0:
        raise ValueError("shift must be positive")
    step = (1.0 / steps - 1.0) / (steps - 1) if steps > 1 else 0.0
    times = [1.0 + i * step for i in range(steps)]
    return [shift * t / (1.0 + (shift - 1.0) * t) for t in times] + [0.0]


def log_snr_step(sigma: float, sigma_next: float) -> float:
    """Returns lambda(sigma_next) - lambda(sigma) with lambda = -ln sigma; infinite for a step to 0."""
    return math.inf if sigma_next == 0.0 else math.log(sigma / sigma_next)


def plan_sigmas(steps: int, shift: float, strength: float) -> list[float]:
    """Returns the schedule, entered at the noise level `strength`.

    Below 1 the run starts at `strength` and goes on with the levels under it. The first of these is left out if the
    step to it would be less than half the next one in lambda: a short step before a long one makes the multistep
    coefficients blow up. The last step, to 0, is an Euler step, before which nothing is left out.
    """
    if not 0.0 < strength <= 1.0:
        raise ValueError("strength must be in (0, 1]")
    schedule = shifted_schedule(steps, shift)
    if strength == 1.0:
        return schedule
    below = [sigma for sigma in schedule if sigma < strength]
    if len(below) >= 2 and below[1] > 0.0:
        if log_snr_step(strength, below[0]) < 0.5 * log_snr_step(below[0], below[1]):
            below = below[1:]
    return [strength, *below]
