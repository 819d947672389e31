// What every source begins with. No header is included: NVRTC knows CUDA's own names, and others may not be installed.
