"""The lesson: gradient descent moves w and b to the values that generated the data.

To see each step: tensorboard --logdir logs/the_lesson, then http://localhost:6006/?smoothing=0#descent
"""

import linfit
from linfit.callbacks import StatusPrinter, TensorBoardLogger

truth = linfit.GroundTruth(w=0.1, b=0.5, noise=0.05)
x, y = truth.sample(120, seed=7)

model = linfit.LinearRegression(w_initializer=0.0, b_initializer=-1.0)
model.compile(learning_rate=0.05)
callbacks = [StatusPrinter(every=50, truth=truth), TensorBoardLogger("logs/the_lesson", truth=truth)]

# A batch of all rows makes each epoch one step.
model.fit(x, y, batch_size=len(x), epochs=200, verbose=0, callbacks=callbacks)
print(f"\n{linfit.compare(model, x, y, truth=truth)}\n")

# The verdict asks for more steps. A second fit continues where the first one stopped.
model.fit(x, y, batch_size=len(x), epochs=200, verbose=0, callbacks=callbacks)
print(f"\n{linfit.compare(model, x, y, truth=truth)}")
