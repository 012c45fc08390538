// Package vision holds image classifiers, VGG and ResNet with torchvision's
// parameter names, and folders of images as data.
package vision
