import pytest

from mathocr.data.formats import FormatError, load_crops


def test_image_number_is_line_number_from_zero(tmp_path, picture):
    (tmp_path / "train.txt").write_text("zero\n\ntwo\nthree\n")
    picture(tmp_path / "images" / "0000003.png", width=33)
    picture(tmp_path / "images" / "0000000.png", width=30)
    crops = load_crops(tmp_path)  # lines 1 and 2 have no image
    assert [(crop.tex, crop.where, crop.load().shape[1]) for crop in crops] == [
        ("zero", f"{tmp_path}/train.txt:1", 30),
        ("three", f"{tmp_path}/train.txt:4", 33),
    ]


def test_test_sets_have_folders_of_their_own(tmp_path, picture):
    for name in ("spe", "cpe"):
        (tmp_path / f"{name}.txt").write_text(f"{name}\n")
        picture(tmp_path / name / "0000000.png")
    assert load_crops(tmp_path / "cpe.txt")[0].tex == "cpe"
    with pytest.raises(FormatError) as error:
        load_crops(tmp_path)
    assert (
        str(error.value) == f"{tmp_path}: give the path of one .txt file of formulas, the folder has cpe.txt, spe.txt"
    )


def test_bad_sets(tmp_path, picture):
    (tmp_path / "train.txt").write_text("a\n")
    with pytest.raises(FormatError) as error:
        load_crops(tmp_path)
    assert str(error.value) == f"{tmp_path}/train.txt: no folder of images (train/ or images/) beside it"
    picture(tmp_path / "images" / "5.png")
    with pytest.raises(FormatError, match=r"images/5\.png: train\.txt ends after 1 lines$"):
        load_crops(tmp_path)
    (tmp_path / "images" / "5.png").rename(tmp_path / "images" / "five.png")
    with pytest.raises(FormatError, match=r"five\.png: UniMER images are named by the number of their line"):
        load_crops(tmp_path)
