"""The grid of cells that the network answers for; shared by network and decoding, so free of torch."""

STRIDE = 4  # px of a cell; a single letter of 6 px, at the working resolution, still covers one
SIZE_MULTIPLE = 32  # px; height and width that the network takes are multiples of this
