@keras.saving.register_keras_serializable("archc")
class Padding2D(layers.Layer):
    """Rows, columns and channels around a map: zeros, the lowest number, or what the map has there."""

    def __init__(self, padding, fill="zero", channels=(0, 0), **kwargs):
        super().__init__(**kwargs)
        sides = (padding, padding) if isinstance(padding, int) else padding
        self.padding = [(side, side) if isinstance(side, int) else tuple(side) for side in sides]
        self.fill = fill
        self.channels = tuple(channels)

    def call(self, x):
        if any(self.channels):
            x = ops.pad(x, [(0, 0), (0, 0), (0, 0), self.channels])
        if self.fill in ("zero", "lowest"):
            value = 0.0 if self.fill == "zero" else float("-inf")
            return ops.pad(x, [(0, 0), *self.padding, (0, 0)], constant_values=value)
        for axis, (before, after) in enumerate(self.padding, start=1):
            size = x.shape[axis]
            places = np.arange(-before, size + after)
            if self.fill == "reflect":
                places = size - 1 - np.abs(size - 1 - np.abs(places))
            x = ops.take(x, np.clip(places, 0, size - 1), axis=axis)
        return x

    def get_config(self):
        own = {"padding": self.padding, "fill": self.fill, "channels": self.channels}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable("archc")
class DilatedMaxPooling2D(layers.Layer):
    """A max pool whose window has gaps."""

    def __init__(self, pool_size, strides, dilation_rate, **kwargs):
        super().__init__(**kwargs)
        self.pool_size = tuple(pool_size)
        self.strides = tuple(strides)
        self.dilation_rate = tuple(dilation_rate)

    def call(self, x):
        for axis in (1, 2):
            size, step = self.pool_size[axis - 1], self.strides[axis - 1]
            gap = self.dilation_rate[axis - 1]
            last = x.shape[axis] - (size - 1) * gap
            parts = []
            for tap in range(size):
                places = slice(tap * gap, tap * gap + last, step)
                parts.append(x[:, places] if axis == 1 else x[:, :, places])
            x = parts[0]
            for part in parts[1:]:
                x = ops.maximum(x, part)
        return x

    def get_config(self):
        own = {
            "pool_size": self.pool_size,
            "strides": self.strides,
            "dilation_rate": self.dilation_rate,
        }
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable("archc")
class PartialAveragePooling2D(layers.Layer):
    """An average pool that leaves padding out, but for what of it is counted."""

    def __init__(self, pool_size, strides, padding, counted=((0, 0), (0, 0)), **kwargs):
        super().__init__(**kwargs)
        self.pool_size = tuple(pool_size)
        self.strides = tuple(strides)
        self.padding = [tuple(side) for side in padding]
        self.counted = [tuple(side) for side in counted]

    def call(self, x):
        shares = []
        for axis, (before, after) in enumerate(self.padding, start=1):
            size, step = self.pool_size[axis - 1], self.strides[axis - 1]
            inside = np.zeros(before + x.shape[axis] + after, "float32")
            first, last = self.counted[axis - 1]
            inside[before - first : before + x.shape[axis] + last] = 1
            starts = range(0, len(inside) - size + 1, step)
            shares.append(np.array([size / inside[start : start + size].sum() for start in starts]))
        x = ops.pad(x, [(0, 0), *self.padding, (0, 0)])
        x = ops.average_pool(x, self.pool_size, self.strides, "valid", "channels_last")
        share = np.outer(*shares)[None, :, :, None].astype("float32")
        return x * ops.cast(share, x.dtype)

    def get_config(self):
        own = {
            "pool_size": self.pool_size,
            "strides": self.strides,
            "padding": self.padding,
            "counted": self.counted,
        }
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable("archc")
class LocalResponseNorm(layers.Layer):
    """x / (k + alpha / size * sum of squares over size channels around) ** beta."""

    def __init__(self, size, alpha=1e-4, beta=0.75, k=1.0, **kwargs):
        super().__init__(**kwargs)
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.k = k

    def call(self, x):
        channels = x.shape[-1]
        around = (self.size // 2, (self.size - 1) // 2)
        squares = ops.pad(ops.square(x), [(0, 0)] * (len(x.shape) - 1) + [around])
        total = squares[..., :channels]
        for shift in range(1, self.size):
            total = total + squares[..., shift : shift + channels]
        return x / ops.power(self.k + self.alpha / self.size * total, self.beta)

    def get_config(self):
        own = {"size": self.size, "alpha": self.alpha, "beta": self.beta, "k": self.k}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable("archc")
class Softplus(layers.Layer):
    """log(1 + exp(beta * x)) / beta, and x itself where beta * x is beyond the threshold."""

    def __init__(self, beta, threshold, **kwargs):
        super().__init__(**kwargs)
        self.beta = beta
        self.threshold = threshold

    def call(self, x):
        scaled = self.beta * x
        return ops.where(scaled > self.threshold, x, ops.softplus(scaled) / self.beta)

    def get_config(self):
        return {**super().get_config(), "beta": self.beta, "threshold": self.threshold}


@keras.saving.register_keras_serializable("archc")
class Power(layers.Layer):
    """(shift + scale * x) ** exponent."""

    def __init__(self, exponent, scale=1.0, shift=0.0, **kwargs):
        super().__init__(**kwargs)
        self.exponent = exponent
        self.scale = scale
        self.shift = shift

    def call(self, x):
        return ops.power(self.shift + self.scale * x, self.exponent)

    def get_config(self):
        own = {"exponent": self.exponent, "scale": self.scale, "shift": self.shift}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable("archc")
class Slice(layers.Layer):
    """Some of the channels."""

    def __init__(self, start, stop, **kwargs):
        super().__init__(**kwargs)
        self.start = start
        self.stop = stop

    def call(self, x):
        return x[..., self.start : self.stop]

    def get_config(self):
        return {**super().get_config(), "start": self.start, "stop": self.stop}


@keras.saving.register_keras_serializable("archc")
class Resize2D(layers.Layer):
    """Another height and width: steps are pixels of the input from one of the output to the next."""

    def __init__(self, size, steps, interpolation, **kwargs):
        super().__init__(**kwargs)
        self.size = tuple(size)
        self.steps = tuple(steps)
        self.interpolation = interpolation

    def call(self, x):
        for axis in (1, 2):
            last = x.shape[axis] - 1
            places, step = np.arange(self.size[axis - 1]), self.steps[axis - 1]
            if self.interpolation == "nearest":
                x = ops.take(x, np.minimum(np.floor(places * step), last).astype("int32"), axis=axis)
                continue
            half = 0.0 if self.interpolation == "aligned" else 0.5
            places = np.clip((places + half) * step - half, 0, last)
            low = np.floor(places).astype("int32")
            share = (places - low).astype("float32").reshape([-1] + [1] * (3 - axis))
            first = ops.take(x, low, axis=axis)
            second = ops.take(x, np.minimum(low + 1, last), axis=axis)
            x = first + (second - first) * ops.cast(share, x.dtype)
        return x

    def get_config(self):
        own = {"size": self.size, "steps": self.steps, "interpolation": self.interpolation}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable("archc")
class TransposedConv2D(layers.Layer):
    """A transposed convolution in groups, or with gaps, that makes maps of a size."""

    def __init__(
        self,
        filters,
        kernel_size,
        strides,
        padding,
        size,
        dilation_rate=(1, 1),
        groups=1,
        use_bias=True,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.filters = filters
        self.kernel_size = tuple(kernel_size)
        self.strides = tuple(strides)
        self.padding = tuple(padding)
        self.size = tuple(size)
        self.dilation_rate = tuple(dilation_rate)
        self.groups = groups
        self.use_bias = use_bias

    def build(self, input_shape):
        shape = (*self.kernel_size, self.filters // self.groups, input_shape[-1])
        self.kernel = self.add_weight(name="kernel", shape=shape, initializer="glorot_uniform")
        if self.use_bias:
            self.bias = self.add_weight(name="bias", shape=(self.filters,), initializer="zeros")

    def call(self, x):
        _, height, width, channels = x.shape
        down, across = self.strides
        # Pixels as far apart as a step, then a convolution with the kernel turned around.
        x = ops.reshape(x, (-1, height, 1, width, 1, channels))
        x = ops.pad(x, [(0, 0), (0, 0), (0, down - 1), (0, 0), (0, across - 1), (0, 0)])
        x = ops.reshape(x, (-1, height * down, width * across, channels))
        for axis in (1, 2):
            reach = self.dilation_rate[axis - 1] * (self.kernel_size[axis - 1] - 1)
            before = reach - self.padding[axis - 1]
            after = self.size[axis - 1] + reach - before - x.shape[axis]
            pads = [(0, 0)] * 4
            pads[axis] = (max(before, 0), max(after, 0))
            x = ops.pad(x, pads)
            kept = slice(max(-before, 0), x.shape[axis] - max(-after, 0))
            x = x[:, kept] if axis == 1 else x[:, :, kept]
        each = channels // self.groups
        kernel = ops.reshape(
            self.kernel, (*self.kernel_size, self.filters // self.groups, self.groups, each)
        )
        kernel = ops.transpose(ops.flip(kernel, (0, 1)), (0, 1, 4, 3, 2))
        kernel = ops.reshape(kernel, (*self.kernel_size, each, self.filters))
        x = ops.conv(
            x, kernel, 1, "valid", data_format="channels_last", dilation_rate=self.dilation_rate
        )
        return x + self.bias if self.use_bias else x

    def get_config(self):
        own = {
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "size": self.size,
            "dilation_rate": self.dilation_rate,
            "groups": self.groups,
            "use_bias": self.use_bias,
        }
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable("archc")
class Scale(layers.Layer):
    """A factor, and perhaps a summand, for each channel."""

    def __init__(self, use_bias=False, **kwargs):
        super().__init__(**kwargs)
        self.use_bias = use_bias

    def build(self, input_shape):
        shape = (input_shape[-1],)
        self.factor = self.add_weight(name="factor", shape=shape, initializer="ones")
        if self.use_bias:
            self.bias = self.add_weight(name="bias", shape=shape, initializer="zeros")

    def call(self, x):
        x = x * self.factor
        return x + self.bias if self.use_bias else x

    def get_config(self):
        return {**super().get_config(), "use_bias": self.use_bias}


@keras.saving.register_keras_serializable("archc")
class ChannelPooling(layers.Layer):
    """The mean of all channels at each position, or the largest."""

    def __init__(self, largest=False, **kwargs):
        super().__init__(**kwargs)
        self.largest = largest

    def call(self, x):
        pool = ops.max if self.largest else ops.mean
        return pool(x, axis=-1, keepdims=True)

    def get_config(self):
        return {**super().get_config(), "largest": self.largest}
