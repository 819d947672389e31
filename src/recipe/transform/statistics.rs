//! Means and standard deviations of well-known data sets.

/// Means and standard deviations that are known by name, channel by channel, for values in \[0, 1\].
///
/// CIFAR-10's are those of seed 004 and most published recipes; ImageNet's are torchvision's; the others were measured
/// over the training images and are the customary roundings.
pub const STATISTICS: [(&str, &[f64], &[f64]); 6] = [
    ("cifar10", &[0.4914, 0.4822, 0.4465], &[0.2023, 0.1994, 0.2010]),
    ("cifar100", &[0.5071, 0.4865, 0.4409], &[0.2673, 0.2564, 0.2762]),
    ("imagenet", &[0.485, 0.456, 0.406], &[0.229, 0.224, 0.225]),
    ("mnist", &[0.1307], &[0.3081]),
    ("fashion-mnist", &[0.2860], &[0.3530]),
    ("half", &[0.5], &[0.5]),
];
