"""An independent Python implementation of what zimage-inpaint computes.

The models come from diffusers and transformers; everything around them (schedule, samplers, RePaint, the way a picture
goes through) is written here from the formulas, in plain Python and torch, fp32 on the CPU.
"""
