"""Inpainting with Z-Image-Turbo: the executable zimage-inpaint, which runs on the package torch's own libraries."""
