"""Writes internal/pixels/testdata/decode: one picture in every kind of file, and
beside each the RGB that PIL reads from it.

Versions: Pillow 13.0.0 (libjpeg-turbo 3.2.0), OpenCV 5.0.0, NumPy 2.4.6, Python
3.11; cjpeg and jpegtran of libjpeg-turbo 2.1.5 for what PIL cannot write.
Usage: python hack/goldens/pixels/decode.py internal/pixels/testdata/decode
"""

import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageOps

out = Path(sys.argv[1])
out.mkdir(parents=True, exist_ok=True)
W, H = 61, 47  # odd on purpose: half a chroma sample at each edge

y, x = np.mgrid[0:H, 0:W]
rgb = np.stack([
    128 + 100 * np.sin(x / 9) * np.cos(y / 7),
    40 + 3 * x + y % 5 * 4,
    220 - 4 * y + 20 * ((x // 8 + y // 8) % 2),
], axis=2)
rgb[10:30, 20:40] = (230, 20, 30)  # hard coloured edges: where chroma filters differ
rgb[18:24, 28:60] = (10, 30, 240)
rgb = np.clip(rgb, 0, 255).astype(np.uint8)
im = Image.fromarray(rgb)


def save(name, data, orient=False):
    """Keeps data and what PIL makes of it."""
    (out / name).write_bytes(data)
    got = Image.open(io.BytesIO(data))
    if orient:
        got = ImageOps.exif_transpose(got)
    if got.mode == "I;16":  # PIL would clip sixteen-bit grey instead of scaling it
        got = Image.fromarray((np.asarray(got) >> 8).astype(np.uint8))
    got = Image.fromarray(np.asarray(got.convert("RGB")))  # without a transparent colour
    got.save(out / (name + ".want.png"), optimize=True)


def pil(image, fmt, **kw):
    b = io.BytesIO()
    image.save(b, fmt, **kw)
    return b.getvalue()


def tool(*args, data=None):
    return subprocess.run(args, input=data, capture_output=True, check=True).stdout


ppm = b"P6 %d %d 255\n" % (W, H) + rgb.tobytes()

# JPEG: what cameras write, and what scanners and print shops write.
for name, sub in ("444", 0), ("422", 1), ("420", 2):
    save(f"baseline-{name}.jpg", pil(im, "JPEG", quality=90, subsampling=sub))
save("baseline-440.jpg", tool("cjpeg", "-quality", "90", "-sample", "1x2,1x1,1x1", data=ppm))
save("baseline-411.jpg", tool("cjpeg", "-quality", "90", "-sample", "4x1,1x1,1x1", data=ppm))
save("baseline-410.jpg", tool("cjpeg", "-quality", "90", "-sample", "4x2,1x1,1x1", data=ppm))
save("restart.jpg", tool("cjpeg", "-quality", "90", "-restart", "3B", data=ppm))
save("optimized.jpg", pil(im, "JPEG", quality=70, optimize=True))
save("progressive.jpg", pil(im, "JPEG", quality=90, progressive=True))
save("grey.jpg", pil(im.convert("L"), "JPEG", quality=90))
save("grey-progressive.jpg", pil(im.convert("L"), "JPEG", quality=90, progressive=True))
save("rgb.jpg", tool("cjpeg", "-quality", "90", "-rgb", data=ppm))
scans = out / "scans.txt"
scans.write_text("0;\n1;\n2;\n")
save("several-scans.jpg", tool("cjpeg", "-quality", "90", "-scans", str(scans), data=ppm))
scans.unlink()
cmyk = pil(im.convert("CMYK"), "JPEG", quality=90)
save("cmyk.jpg", cmyk)


def without_app14(b):
    at = b.index(b"\xff\xee")
    n = struct.unpack(">H", b[at + 2:at + 4])[0]
    return b[:at] + b[at + 2 + n:]


save("cmyk-bare.jpg", without_app14(cmyk))
ycck = bytearray(cmyk)
ycck[ycck.index(b"Adobe") + 11] = 2
save("ycck.jpg", bytes(ycck))
tiny = Image.fromarray(rgb[:1, :3])
save("tiny-420.jpg", pil(tiny, "JPEG", quality=90, subsampling=2))
for o in range(1, 9):
    exif = Image.Exif()
    exif[0x0112] = o
    small = im.resize((24, 15), Image.BILINEAR)
    save(f"orientation-{o}.jpg", pil(small, "JPEG", quality=90, exif=exif), orient=True)

# PNG.
alpha = Image.fromarray(np.where((x + y) % 9 < 4, 0, 255).astype(np.uint8))
rgba = im.copy()
rgba.putalpha(alpha)
save("rgb.png", pil(im, "PNG", optimize=True))
save("rgba.png", pil(rgba, "PNG", optimize=True))
save("grey.png", pil(im.convert("L"), "PNG"))
save("grey-alpha.png", pil(rgba.convert("LA"), "PNG"))
save("one-bit.png", pil(im.convert("1"), "PNG"))
palette = im.quantize(32)
save("palette.png", pil(palette, "PNG", bits=8))
save("palette-4bit.png", pil(im.quantize(16), "PNG", bits=4))
save("palette-transparent.png", pil(palette, "PNG", transparency=3))
wide = (rgb.astype(np.uint16) << 8) + 77
ok, b = cv2.imencode(".png", wide[:, :, ::-1])
(out / "rgb-16bit.png").write_bytes(b.tobytes())
Image.fromarray(rgb).save(out / "rgb-16bit.png.want.png", optimize=True)
ok, b = cv2.imencode(".png", wide[:, :, 1])
save("grey-16bit.png", b.tobytes())
exif = Image.Exif()
exif[0x0112] = 6
save("orientation-6.png", pil(small, "PNG", exif=exif), orient=True)


def interlaced(a):
    """PNG's Adam7, which PIL reads but does not write."""
    raw = b""
    for x0, y0, dx, dy in (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2):
        for row in a[y0::dy, x0::dx]:
            if row.size:
                raw += b"\0" + row.tobytes()
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    head = struct.pack(">IIBBBBB", a.shape[1], a.shape[0], 8, 2, 0, 0, 1)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(raw, 9)) + chunk(b"IEND", b"")


save("interlaced.png", interlaced(rgb))

# GIF: the first frame, on its canvas.
save("palette.gif", pil(palette, "GIF"))
save("transparent.gif", pil(palette, "GIF", transparency=3))
save("animated.gif", pil(palette, "GIF", save_all=True, append_images=[ImageOps.mirror(im).quantize(32)], duration=50))
offset = bytearray(pil(palette, "GIF"))
offset[6:10] = struct.pack("<HH", W + 9, H + 5)  # the canvas grows, the frame stays
at = offset.index(b"\x2c\0\0\0\0")
offset[at + 1:at + 5] = struct.pack("<HH", 6, 3)
save("offset.gif", bytes(offset))

# BMP, TIFF, WebP.
save("rgb.bmp", pil(im, "BMP"))
save("palette.bmp", pil(im.quantize(256), "BMP"))
save("rgba.bmp", pil(rgba, "BMP"))
save("rgb.tif", pil(im, "TIFF"))
save("lzw.tif", pil(im, "TIFF", compression="tiff_lzw"))
save("deflate.tif", pil(im, "TIFF", compression="tiff_adobe_deflate"))
save("packbits.tif", pil(im, "TIFF", compression="packbits"))
save("grey.tif", pil(im.convert("L"), "TIFF"))
save("palette.tif", pil(palette, "TIFF"))
save("rgba.tif", pil(rgba, "TIFF"))
save("orientation-8.tif", pil(small, "TIFF", tiffinfo={0x0112: 8}), orient=True)
save("lossy.webp", pil(im, "WEBP", quality=90))
save("lossy-alpha.webp", pil(rgba, "WEBP", quality=90))
save("lossless.webp", pil(im, "WEBP", lossless=True))
exif = Image.Exif()
exif[0x0112] = 3
save("orientation-3.webp", pil(small, "WEBP", lossless=True, exif=exif), orient=True)
