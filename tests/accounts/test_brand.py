"""The agency's look in the portal: a logo told by its bytes and made safe, a colour white text can be read on."""

import struct
import zlib

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from apps.accounts.domain.colours import READABLE, WHITE, contrast, nearest_readable
from apps.accounts.domain.drawings import Odd
from apps.accounts.domain.pictures import MOST_BYTES, safe_picture
from apps.accounts.models import AgencySettings
from apps.core.models import Entry
from apps.core.permissions import Role

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10">%s</svg>'


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width=32, height=32, *, pixels=None, more=b"", after=b""):
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = (b"\0" + b"\x10\x20\x30" * width) * height if pixels is None else pixels
    body = chunk(b"IHDR", head) + more + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body + after


def jpeg(*, secret=b"", after=b"", width=40, height=30):
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, height, width, 1) + b"\x01\x11\x00"
    tables = b"\xff\xdb" + struct.pack(">H", 67) + bytes(65)
    scan = b"\xff\xda" + struct.pack(">H", 8) + b"\x01\x01\x00\x00\x3f\x00" + b"\x12\xff\x00\x34"
    note = b"\xff\xe1" + struct.pack(">H", 2 + len(secret)) + secret if secret else b""
    return b"\xff\xd8" + note + tables + frame + scan + b"\xff\xd9" + after


def webp(*chunks):
    body = b"WEBP" + b"".join(
        name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2) for name, data in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


LOSSLESS = (b"VP8L", b"\x2f" + struct.pack("<I", (47 << 14) | 63) + b"\0\0\0")
LOSSY = (b"VP8 ", b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 64, 48) + b"\0\0")
EXTENDED = (b"VP8X", b"\x1c\0\0\0" + bytes(6))


# -- pictures


def test_a_png_keeps_its_pixels_and_loses_what_describes_it():
    plain = png()
    told = png(more=chunk(b"tEXt", b"Author\0Somebody") + chunk(b"eXIf", b"home"), after=b"<script>x</script>")
    found = safe_picture(told)
    assert (found.kind, found.width, found.height) == ("png", 32, 32)
    assert found.data == plain == safe_picture(plain).data


def test_a_jpeg_and_a_webp_lose_where_they_were_taken():
    found = safe_picture(jpeg(secret=b"Exif\0\0 somewhere", after=b"PK\x03\x04"))
    assert (found.kind, found.width, found.height) == ("jpg", 40, 30)
    assert found.data == jpeg()
    found = safe_picture(webp(EXTENDED, LOSSLESS, (b"EXIF", b"somewhere"), (b"XMP ", b"<x/>")))
    assert (found.kind, found.width, found.height) == ("webp", 64, 48)
    assert found.data == webp(LOSSLESS)
    clear = safe_picture(webp(EXTENDED, (b"ALPH", b"\0\0"), LOSSY)).data
    assert clear[12:16] == b"VP8X"
    assert b"ALPH" in clear


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "kind"),
        (b"GIF89a" + bytes(40), "kind"),
        (b"<html><svg></svg></html>", "kind"),
        (b"MZ" + bytes(100), "kind"),
        (png()[:-30], "broken"),
        (png().replace(b"IDAT", b"IDAX", 1), "broken"),
        (png(pixels=b"\0" * 10), "broken"),
        (png(pixels=bytes(10_000_000)), "broken"),  # a bomb: a little that unpacks to much
        (png(8, 8), "size"),
        (png(4000, 10, pixels=b""), "size"),
        (jpeg()[:30], "broken"),
        (jpeg(width=5000), "size"),
        (webp((b"ANIM", bytes(6)), LOSSLESS), "broken"),
        (webp(), "broken"),
        (b"x" * (MOST_BYTES + 1), "too big"),
    ],
)
def test_what_is_no_whole_picture_is_refused(raw, why):
    with pytest.raises(Odd, match=why):
        safe_picture(raw)


def test_every_beginning_of_a_picture_is_refused_without_falling_over():
    for whole in (png(), jpeg(), webp(EXTENDED, LOSSLESS), SVG % b'<path d="M0 0"/>'):
        for cut in range(len(whole) - 12 if whole[:2] == b"\x89P" else len(whole) - 1):
            with pytest.raises(Odd):
                safe_picture(whole[:cut])


# -- drawings


def test_a_drawing_keeps_what_draws():
    inside = (
        b'<metadata><x/></metadata><g transform="scale(2)" style="fill:#123456;cursor:pointer">'
        b'<path d="M0 0L5 5z" fill="url(#g)"/></g><defs><linearGradient id="g"/></defs><text x="1">A &amp; B</text>'
    )
    found = safe_picture(SVG % inside).data.decode()
    assert '<path d="M0 0L5 5z" fill="url(#g)">' in found
    assert 'fill="#123456"' in found
    assert "A &amp; B" in found
    assert not any(word in found for word in ("metadata", "cursor", "style"))
    assert safe_picture(found.encode()).data.decode() == found


@pytest.mark.parametrize(
    ("inside", "why"),
    [
        (b"<script>alert(1)</script>", "element"),
        (b'<path onclick="x()"/>', "element"),
        (b"<foreignObject/>", "element"),
        (b'<image href="data:image/png;base64,x"/>', "element"),
        (b"<style>@import 'x'</style>", "element"),
        (b'<a href="https://example.com"><path/></a>', "element"),
        (b'<animate attributeName="href" to="javascript:x"/>', "element"),
        (b'<use href="https://example.com/x.svg#a"/>', "link"),
        (b'<use xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="javascript:x"/>', "link"),
        (b'<path fill="url(https://example.com/x)"/>', "link"),
        (b'<path style="fill:URL(//example.com)"/>', "link"),
        (b'<path fill="u\\72l(x)"/>', "link"),
        (b'<x:script xmlns:x="http://www.w3.org/1999/xhtml">alert(1)</x:script>', "element"),
        (b"<g>" * 60 + b"</g>" * 60, "too big"),
        (b"<path/>" * 6000, "too big"),
        (b"<g>", "broken"),
    ],
)
def test_a_drawing_that_runs_or_loads_is_refused(inside, why):
    with pytest.raises(Odd, match=why):
        safe_picture(SVG % inside)


def test_entities_are_never_expanded():
    bomb = b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + SVG % b"<text>&b;</text>"
    with pytest.raises(Odd, match="doctype"):
        safe_picture(bomb)


# -- colours


@pytest.mark.parametrize("colour", ["#ffffff", "#ffd400", "#2453d4", "#777777", "#00ff00", "#000000"])
def test_the_nearest_shade_can_be_read_and_a_readable_one_stays(colour):
    shade = nearest_readable(colour)
    assert contrast(shade, WHITE) >= READABLE
    if contrast(colour, WHITE) >= READABLE:
        assert shade == colour


# -- pages


@pytest.fixture
def owner(acme, client):
    client.force_login(acme.user(Role.OWNER))

    def save(file=None, name="logo.png", **values):
        body = {"name": "Acme", "brand_colour": "#2453d4", **values}
        if file is not None:
            body["logo"] = SimpleUploadedFile(name, file, content_type="image/png")
        return client.post(acme.url("settings/brand/save/"), body)

    return save


def test_a_logo_is_kept_safe_and_shown_to_clients_only_of_this_agency(acme, zeta, owner, client):
    assert owner(png(more=chunk(b"tEXt", b"Author\0Somebody"))).status_code == 302
    with acme:
        name = AgencySettings.objects.get().logo
        assert name.endswith(".png")
        assert Entry.objects.filter(verb="settings.change", after__logo=name).exists()
    assert "/acme/settings/brand/logo/?v=" in client.get(acme.url("settings/brand/")).content.decode()
    client.force_login(acme.user(Role.CLIENT))
    assert "/portal/acme/logo/?v=" in client.get("/portal/acme/").content.decode()
    answer = client.get("/portal/acme/logo/")
    assert answer.content == png()
    assert answer["Content-Type"] == "image/png"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    client.force_login(zeta.user(Role.CLIENT))
    assert client.get("/portal/acme/logo/").status_code == 404
    assert client.get("/portal/zeta/logo/").status_code == 404


def test_a_logo_can_be_taken_away(acme, owner, client):
    owner(SVG % b'<path d="M0 0"/>', name="logo.svg")
    assert client.get(acme.url("settings/brand/logo/"))["Content-Type"] == "image/svg+xml"
    owner(drop_logo="on")
    assert client.get(acme.url("settings/brand/logo/")).status_code == 404


def test_a_bad_file_is_told_and_nothing_is_saved(acme, owner):
    answer = owner(b"<html><script>x</script></html>", brand_colour="#101010")
    assert answer.status_code == 422
    assert "whatever its name says" in answer.content.decode()
    with acme:
        assert AgencySettings.objects.get().brand_colour == "#2453d4"


def test_a_colour_that_cannot_be_read_is_refused_with_the_nearest_shade(acme, owner, client):
    answer = owner(brand_colour="#ffd400")
    assert answer.status_code == 422
    assert nearest_readable("#ffd400") in answer.content.decode()
    assert owner(brand_colour="#8a1c1c").status_code == 302
    client.force_login(acme.user(Role.CLIENT))
    assert 'style="--accent:#8a1c1c' in client.get("/portal/acme/").content.decode()


def test_only_who_may_edit_settings_may(acme, client):
    client.force_login(acme.user(Role.MANAGER))
    may = acme.seats[Role.MANAGER].can("settings.edit")
    answer = client.post(acme.url("settings/brand/save/"), {"name": "Acme", "brand_colour": "#2453d4"})
    assert answer.status_code == (302 if may else 403)
