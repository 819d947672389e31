//! One step of each rule, on a piece of a weight: every array is read and written once.

use rayon::prelude::*;

use super::Shrink;
use crate::kernels::Real;
use crate::kernels::coefficients::{Adam, Coefficients, Lion, Momentum, RmsProp};
use crate::recipe::Optimizer;

/// Elements that one task changes.
const CHUNK: usize = 1 << 14;

/// One step of a rule, with all numbers that are the same for every element.
#[derive(Debug, Clone, Copy)]
pub struct UpdateStep<T> {
    gradient: Gradient<T>,
    rule: Coefficients<T>,
}

/// What a rule remembers of one weight; empty where it does not.
#[derive(Debug)]
pub struct Moments<'a, T> {
    /// v or m
    pub first: &'a mut [T],
    /// u
    pub second: &'a mut [T],
    /// a
    pub third: &'a mut [T],
}

/// g ← clamp(factor·g) + λp
#[derive(Debug, Clone, Copy)]
struct Gradient<T> {
    factor: T,
    bound: T,
    /// λ, where it acts in the gradient.
    decay: T,
}

impl<T: Real> UpdateStep<T> {
    /// The step with number `t`. `decays` says whether λ acts on the weight.
    pub fn new(optimizer: &Optimizer, lr: f64, shrink: Shrink, decays: bool, t: u64) -> UpdateStep<T> {
        let decay = T::of(if decays { optimizer.decay_of_gradients() } else { 0.0 });
        let rule = Coefficients::new(optimizer, lr, decays, t);
        let gradient = Gradient { factor: T::of(shrink.factor), bound: T::of(shrink.bound), decay };
        UpdateStep { gradient, rule }
    }

    /// Changes one weight, by all threads if it is large.
    pub fn change(self, p: &mut [T], g: &[T], moments: Moments<T>) {
        let Moments { first, second, third } = moments;
        let taken = self.gradient;
        let pairs = p.par_chunks_mut(CHUNK).zip(g.par_chunks(CHUNK));
        match self.rule {
            Coefficients::Descent { lr } => pairs.for_each(|(p, g)| descend(taken, lr, p, g)),
            Coefficients::Momentum(step) => {
                pairs.zip(first.par_chunks_mut(CHUNK)).for_each(|((p, g), v)| step.change(taken, p, g, v));
            }
            Coefficients::Adam(step) => {
                let moments = first.par_chunks_mut(CHUNK).zip(second.par_chunks_mut(CHUNK));
                pairs.zip(moments).for_each(|((p, g), (m, u))| step.change(taken, p, g, m, u));
            }
            Coefficients::Lion(step) => {
                pairs.zip(first.par_chunks_mut(CHUNK)).for_each(|((p, g), m)| step.change(taken, p, g, m));
            }
            Coefficients::RmsProp(step) => {
                let pairs = pairs.zip(second.par_chunks_mut(CHUNK));
                match (first, third) {
                    ([], []) => pairs.for_each(|((p, g), u)| step.change(taken, p, g, u)),
                    (v, []) => pairs
                        .zip(v.par_chunks_mut(CHUNK))
                        .for_each(|(((p, g), u), v)| step.change_with_momentum(taken, p, g, u, v)),
                    ([], a) => pairs
                        .zip(a.par_chunks_mut(CHUNK))
                        .for_each(|(((p, g), u), a)| step.change_centered(taken, p, g, u, a)),
                    (v, a) => pairs
                        .zip(v.par_chunks_mut(CHUNK).zip(a.par_chunks_mut(CHUNK)))
                        .for_each(|(((p, g), u), (v, a))| step.change_centered_with_momentum(taken, p, g, u, (v, a))),
                }
            }
        }
    }
}

// All arrays are parameters of their own and the numbers come by value, so that the compiler knows that nothing
// overlaps.

impl<T: Real> Gradient<T> {
    /// The gradient `g` of the weight `p` as the rules see it. What is no number stays none.
    #[inline(always)]
    fn at(self, g: T, p: T) -> T {
        let g = self.factor * g;
        let g = if g > self.bound { self.bound } else { g };
        let g = if g < -self.bound { -self.bound } else { g };
        g + self.decay * p
    }
}

/// SGD without momentum.
///
/// Operations: 4 an element. Bytes: p and g are read, p is written: 12 an element.
fn descend<T: Real>(gradient: Gradient<T>, lr: T, p: &mut [T], g: &[T]) {
    for (p, g) in p.iter_mut().zip(g) {
        *p = *p - lr * gradient.at(*g, *p);
    }
}

/// Operations: 6 an element, with Nesterov's look ahead 8. Bytes: p, g and v are read, p and v written: 20 an element,
/// of which one thread of a Zen 3 moves 21 GB/s, as much as memory gives.
impl<T: Real> Momentum<T> {
    fn change(self, gradient: Gradient<T>, p: &mut [T], g: &[T], v: &mut [T]) {
        let Momentum { lr, momentum, rest, nesterov } = self;
        for ((p, g), v) in p.iter_mut().zip(g).zip(v) {
            let g = gradient.at(*g, *p);
            *v = momentum * *v + rest * g;
            let direction = if nesterov { g + momentum * *v } else { *v };
            *p = *p - lr * direction;
        }
    }
}

/// Operations: 16 an element, among them a root and two divisions. Bytes: four arrays are read, three written: 28 an
/// element, of which one thread of a Zen 3 moves 13 GB/s.
impl<T: Real> Adam<T> {
    fn change(self, gradient: Gradient<T>, p: &mut [T], g: &[T], m: &mut [T], u: &mut [T]) {
        let Adam { size, correction, kept, beta1, rest1, beta2, rest2, eps } = self;
        for ((p, g), (m, u)) in p.iter_mut().zip(g).zip(m.iter_mut().zip(u)) {
            let g = gradient.at(*g, *p);
            *m = beta1 * *m + rest1 * g;
            *u = beta2 * *u + rest2 * g * g;
            *p = kept * *p - size * *m / (u.sqrt() / correction + eps);
        }
    }
}

/// Operations: 9 an element. Bytes: p, g and m are read, p and m written: 20 an element.
impl<T: Real> Lion<T> {
    fn change(self, gradient: Gradient<T>, p: &mut [T], g: &[T], m: &mut [T]) {
        let Lion { lr, kept, beta1, rest1, beta2, rest2 } = self;
        for ((p, g), m) in p.iter_mut().zip(g).zip(m) {
            let g = gradient.at(*g, *p);
            *p = kept * *p - lr * sign(beta1 * *m + rest1 * g);
            *m = beta2 * *m + rest2 * g;
        }
    }
}

/// 1, −1, or 0. What is no number stays none.
#[inline(always)]
fn sign<T: Real>(x: T) -> T {
    if x > T::ZERO {
        T::of(1.0)
    } else if x < T::ZERO {
        T::of(-1.0)
    } else {
        x
    }
}

/// Operations: 9 to 15 an element, among them a root and a division. Bytes: 20 an element, and 8 for each of v and a.
impl<T: Real> RmsProp<T> {
    fn change(self, gradient: Gradient<T>, p: &mut [T], g: &[T], u: &mut [T]) {
        for ((p, g), u) in p.iter_mut().zip(g).zip(u) {
            *p = *p - self.lr * self.scaled(gradient.at(*g, *p), u);
        }
    }

    fn change_with_momentum(self, gradient: Gradient<T>, p: &mut [T], g: &[T], u: &mut [T], v: &mut [T]) {
        for ((p, g), (u, v)) in p.iter_mut().zip(g).zip(u.iter_mut().zip(v)) {
            *v = self.momentum * *v + self.scaled(gradient.at(*g, *p), u);
            *p = *p - self.lr * *v;
        }
    }

    fn change_centered(self, gradient: Gradient<T>, p: &mut [T], g: &[T], u: &mut [T], a: &mut [T]) {
        for ((p, g), (u, a)) in p.iter_mut().zip(g).zip(u.iter_mut().zip(a)) {
            *p = *p - self.lr * self.scaled_centered(gradient.at(*g, *p), u, a);
        }
    }

    fn change_centered_with_momentum(
        self,
        gradient: Gradient<T>,
        p: &mut [T],
        g: &[T],
        u: &mut [T],
        (v, a): (&mut [T], &mut [T]),
    ) {
        for ((p, g), (u, (v, a))) in p.iter_mut().zip(g).zip(u.iter_mut().zip(v.iter_mut().zip(a))) {
            *v = self.momentum * *v + self.scaled_centered(gradient.at(*g, *p), u, a);
            *p = *p - self.lr * *v;
        }
    }

    /// g/(√u + ε)
    #[inline(always)]
    fn scaled(self, g: T, u: &mut T) -> T {
        *u = self.alpha * *u + self.rest * g * g;
        g / (u.sqrt() + self.eps)
    }

    /// g/(√(u − a²) + ε)
    #[inline(always)]
    fn scaled_centered(self, g: T, u: &mut T, a: &mut T) -> T {
        *u = self.alpha * *u + self.rest * g * g;
        *a = self.alpha * *a + self.rest * g;
        // Rounding may leave less than nothing.
        let variance = *u - *a * *a;
        let variance = if variance < T::ZERO { T::ZERO } else { variance };
        g / (variance.sqrt() + self.eps)
    }
}
