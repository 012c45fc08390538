"""The documented VGG16 recipe as Keras documents it, and its rate.

    vgg_keras.py PHOTOS [--epochs N]
"""
import argparse
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"
import keras  # noqa: E402
from keras.src.legacy.preprocessing.image import ImageDataGenerator  # noqa: E402

from common import Clock  # noqa: E402

p = argparse.ArgumentParser()
p.add_argument("data")
p.add_argument("--epochs", type=int, default=1)
a = p.parse_args()

base = keras.applications.VGG16(weights=None, include_top=False, input_shape=(224, 224, 3))
for layer in base.layers:
    layer.trainable = layer.name.startswith("block5")
model = keras.Sequential([
    base, keras.layers.Flatten(), keras.layers.Dense(256, activation="relu"), keras.layers.Dense(128, activation="relu"),
    keras.layers.Dense(2, activation="softmax"),
])  # fmt: skip
model.compile(optimizer=keras.optimizers.Adam(1e-4), loss="categorical_crossentropy", metrics=["accuracy"])
data = ImageDataGenerator(rescale=1 / 255, rotation_range=20, zoom_range=0.15, horizontal_flip=True).flow_from_directory(
    a.data, target_size=(224, 224), batch_size=32
)
clock = Clock()
fit = model.fit(data, epochs=a.epochs, verbose=0)
clock.losses = fit.history["loss"]
clock.done(a.epochs * data.samples)
