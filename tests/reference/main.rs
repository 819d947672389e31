//! archc against PyTorch: the same weights and the same batch must give the same numbers.
//!
//! `make.py` wrote the expected values, from the modules in `modules.py`; `networks/` has the same networks in archc's
//! language. What may differ is DESIGN §6's: 1e-8 in f64; in f32 |a−b|∞ ≤ 1e-4·|b|∞ + 1e-6·(largest gradient).

mod executor;
mod fixture;
mod logits;
mod model;
mod state_dicts;
