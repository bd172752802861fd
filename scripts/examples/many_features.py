"""Many features: standardized, at the fastest learning rate, with a stop where more steps would not matter."""

import numpy as np

import linfit
from linfit.callbacks import StatusPrinter, StopAtOptimum

names = [f"sensor{number}" for number in range(20)]
truth = linfit.GroundTruth(w=np.linspace(-2.0, 2.0, 20), b=0.5, noise=0.3, feature_names=names)
x, y = truth.sample(1000, seed=7)

model = linfit.LinearRegression(feature_names=names, normalize=True)
model.compile(learning_rate="auto")
stop = StopAtOptimum()  # within 0.01 standard errors of the optimum
model.fit(x, y, batch_size=len(x), epochs=1000, verbose=0, callbacks=[StatusPrinter(every=5, truth=truth), stop])

print(f"\nStopped at step {stop.stopped_at}.\n")
print(linfit.compare(model, x, y, truth=truth))
