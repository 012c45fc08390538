"""From start to one picture's label with torchvision.

    vgg_first.py WEIGHTS.pth PICTURE
"""
import sys

import torch
import torchvision
from PIL import Image
from torchvision import transforms as T

model = torchvision.models.vgg16()
model.load_state_dict(torch.load(sys.argv[1]))
model.eval()
see = T.Compose([T.Resize(256), T.CenterCrop(224), T.ToTensor(), T.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])])
with torch.inference_mode():
    print(model(see(Image.open(sys.argv[2]).convert("RGB"))[None]).softmax(-1).argmax().item())
