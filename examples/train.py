"""Train the lecture's polynomial from three initial points, and print where each one ends."""

import stat4830_grad as sg

for x0 in (2.0, 0.5, -1.5):
    config = sg.compose("problem=polynomial", f"problem.x0={x0}", "optimizer.lr=0.1", "steps=30")
    *_, (state, record) = sg.train(config)
    x, loss = float(state.params["x"]), float(record.values["loss"])
    print(f"from {x0:4}: x = {x:9.4g}, f(x) = {loss:9.4g} after {record.updates} updates")
