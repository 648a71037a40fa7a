"""An independent Python implementation of what zimage-inpaint computes.

The models come from diffusers and transformers; everything around them (schedule, samplers, RePaint, the steps from a
picture to its result) is written here from the formulas, in plain Python and torch, with fp32 on the CPU.
"""
