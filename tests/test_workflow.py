"""What the workflow asks before any job runs: the checked configuration, the plan, the hash of the code."""

import json
import re
import shlex
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from unitvoice import workflow
from unitvoice.errors import InputError
from unitvoice.settings import read_yaml
from unitvoice.workflow import Plan, checked, digest

ROOT = Path(__file__).parents[1]
SCHEMA = ROOT / "workflow" / "schemas" / "config.schema.yaml"
CONFIG = {"corpus": "demo", "languages": ["english"], "system": "vqvae-mel"}
WHO = {"author": "A", "affiliation": "B"}
SMALL = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name"],
    "properties": {
        "name": {"type": "string"},
        "count": {"type": "integer", "minimum": 1, "default": 3},
        "part": {
            "type": "object",
            "additionalProperties": False,
            "default": {},
            "properties": {
                "kind": {"enum": ["a", "b"], "default": "a"},
                "deep": {
                    "type": "object",
                    "additionalProperties": False,
                    "default": {},
                    "properties": {"share": {"type": "number", "default": 0.5}},
                },
            },
        },
    },
}


@pytest.fixture
def checkout(tmp_path):
    """A checkout with the schema, the default configuration and the recipes, to be changed."""
    shutil.copytree(ROOT / "workflow", tmp_path / "workflow")
    shutil.copy(ROOT / "config.yaml", tmp_path)
    return tmp_path


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A copy of the package, to be changed, which ``digest`` looks at."""
    ignore = shutil.ignore_patterns("__pycache__")
    copy = shutil.copytree(ROOT / "src" / "unitvoice", tmp_path / "src" / "unitvoice", ignore=ignore)
    monkeypatch.setattr(workflow, "PACKAGE", copy)
    digest.cache_clear()
    yield copy
    digest.cache_clear()


def edited(package, module, text="\nCHANGED = 1\n"):
    path = package / module
    path.write_text(path.read_text() + text)
    digest.cache_clear()


def test_defaults_are_filled_in_at_every_level():
    assert checked({"name": "x"}, SMALL) == {"name": "x", "count": 3, "part": {"kind": "a", "deep": {"share": 0.5}}}
    found = checked({"name": "x", "part": {"deep": {"share": 1}}}, SMALL)
    assert found["part"] == {"kind": "a", "deep": {"share": 1}}


def test_neither_the_configuration_nor_the_schema_is_changed():
    config = {"name": "x", "part": {}}
    checked(config, SMALL)
    assert config == {"name": "x", "part": {}}
    assert SMALL["properties"]["part"]["default"] == {}


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"name": "x", "nope": 1}, r"top level: .*'nope' was unexpected"),
        ({"name": "x", "part": {"nope": 1}}, r"part: .*'nope' was unexpected"),
        ({"name": "x", "part": {"deep": {"nope": 1}}}, r"part\.deep: .*'nope' was unexpected"),
        ({}, "top level: 'name' is a required property"),
        ({"name": 3}, "name: 3 is not of type 'string'"),
        ({"name": "x", "count": "3"}, "count: '3' is not of type 'integer'"),
        ({"name": "x", "count": True}, "count: True is not of type 'integer'"),
        ({"name": "x", "count": 0}, "count: 0 is less than the minimum"),
        ({"name": "x", "part": None}, "part: None is not of type 'object'"),
        ({"name": "x", "part": {"kind": "c"}}, r"part\.kind: 'c' is not one of \['a', 'b'\]"),
    ],
)
def test_what_does_not_follow_the_schema_is_told_with_its_key(config, message):
    with pytest.raises(
        InputError, match=rf"the configuration is not valid: {message}.*top-level keys: name, count, part"
    ):
        checked(config, SMALL)


def test_all_faults_are_told_at_once():
    with pytest.raises(InputError) as caught:
        checked({"nope": 1, "count": "x", "part": {"kind": 3}}, SMALL)
    assert all(part in str(caught.value) for part in ("nope", "count", "part.kind", "'name'"))


def test_the_default_configuration_follows_the_schema():
    found = checked(read_yaml(ROOT / "config.yaml"), read_yaml(SCHEMA))
    assert checked(found, read_yaml(SCHEMA)) == found


def test_every_key_of_the_schema_refuses_unknown_keys_below_it_and_gives_valid_defaults():
    def check(part):
        for below in part.get("properties", {}).values():
            if below.get("type") == "object" and "properties" in below:
                assert below["additionalProperties"] is False
            check(below)

    schema = read_yaml(SCHEMA)
    assert schema["additionalProperties"] is False
    check(schema)
    checked(CONFIG, schema)


def test_the_plan_of_a_configuration(checkout):
    plan = Plan.of(CONFIG | {"seeds": [3, 1]}, checkout)
    assert (plan.corpus, plan.languages, list(plan.variants)) == ("demo", ("english",), ["vqvae-mel"])
    assert (plan.submitted.name, plan.submitted.seeds) == ("vqvae-mel", (3, 1))
    assert plan.submitted.recipe == checkout / "workflow" / "systems" / "vqvae-mel.yaml"
    assert plan.submitted.module == "unitvoice.systems.vqvae_mel"
    assert plan.submitted.features == ("logmel",)
    assert plan.report_options == "--languages english --system vqvae-mel --seeds 3 1 --baseline mfcc39"


def test_the_plan_reads_the_features_that_the_overrides_ask_for(checkout):
    plan = Plan.of(CONFIG | {"overrides": {"features": ["logmel", "mfcc39"]}}, checkout)
    assert plan.submitted.features == ("logmel", "mfcc39")


VOCODED = {"conversion": {"vocoder": "melgan", "vocoder_overrides": {"model": {"mel": 3.0}}}, "seeds": [3, 1]}


def test_a_vocoder_is_trained_beside_the_systems_with_the_first_seed_and_overrides_of_its_own(checkout):
    plan = Plan.of(CONFIG | VOCODED | {"overrides": {"model": {"codes": 9}}}, checkout)
    assert list(plan.variants) == ["vqvae-mel"]
    assert list(plan.trained) == ["vqvae-mel", "vocoder"]
    assert (plan.vocoder.seeds, plan.vocoder.features) == ((3,), ("logmel", "wave"))
    assert plan.vocoder.recipe == checkout / "workflow" / "systems" / "melgan.yaml"
    assert plan.vocoder.resolved["model"]["mel"] == 3.0
    assert "codes" not in plan.vocoder.resolved["model"]
    assert "vocoder" not in plan.conversion_options


def test_without_the_key_there_is_no_vocoder(checkout):
    plan = Plan.of(CONFIG, checkout)
    assert plan.vocoder is None
    assert plan.trained == plan.variants


def test_the_vocoder_speaks_for_those_that_decode_frames_and_convert(checkout):
    others = {"units": {"overrides": {"speaks": False}}, "waves": {"system": "vqvae2-melgan"}, "frames": {}}
    plan = Plan.of(CONFIG | VOCODED | {"experiments": others}, checkout)
    assert [name for name, one in plan.variants.items() if plan.vocoder_of(one)] == ["frames"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"system": "vqvae2-melgan"}, "none of the systems decodes frames for a vocoder; leave out the key"),
        ({"overrides": {"speaks": False}}, "none of the systems decodes frames"),
        ({"experiments": {"vocoder": {}}}, "experiments cannot be called vocoder"),
        ({"conversion": {"vocoder": "melgan", "vocoder_overrides": {"nope": 1}}}, r"melgan\.yaml is not valid: nope"),
        ({"conversion": {"vocoder": "vqvae-mel"}}, r"conversion\.vocoder: 'vqvae-mel' is not one of"),
    ],
)
def test_a_vocoder_that_cannot_be_is_told_before_any_job(checkout, changes, message):
    with pytest.raises(InputError, match=message):
        Plan.of(CONFIG | VOCODED | changes, checkout)


EXPERIMENTS = {
    "plain": {},
    "many": {"overrides": {"model": {"codes": 9}}, "seeds": [5]},
    "other": {"system": "vqvae-deconv", "overrides": {"speaks": False}},
}


def test_an_experiment_is_a_system_with_its_own_keys_over_the_common_ones(checkout):
    common = {"overrides": {"model": {"codes": 7, "width": 5}}, "seeds": [0, 1], "size": "demo"}
    plan = Plan.of(CONFIG | common | {"experiments": EXPERIMENTS}, checkout)
    assert list(plan.variants) == ["plain", "many", "other"]
    plain, many, other = plan.variants.values()
    assert (plain.resolved["model"]["codes"], plain.resolved["model"]["width"], plain.seeds) == (7, 5, (0, 1))
    assert (many.resolved["model"]["codes"], many.resolved["model"]["width"], many.seeds) == (9, 5, (5,))
    assert (other.module, other.resolved["model"]["codes"]) == ("unitvoice.systems.vqvae_deconv", 7)
    assert (plain.speaks, other.speaks) == (True, False)
    assert plan.submitted is plain
    assert plan.report_options == (
        "--languages english --system plain --seeds 0 1 --baseline mfcc39 --beside many=5 other=0,1"
    )


def test_the_experiment_that_is_submitted_can_be_named(checkout):
    both = CONFIG | {"languages": ["english", "surprise"], "experiments": EXPERIMENTS}
    assert Plan.of(both | {"submit": "many"}, checkout).submitted.name == "many"
    assert Plan.of(both, checkout).submits
    assert not Plan.of(both | {"submit": "other"}, checkout).submits  # it does not speak


def test_all_experiments_that_speak_can_be_packed_where_both_languages_are_there(checkout):
    both = CONFIG | {"languages": ["english", "surprise"], "experiments": EXPERIMENTS}
    assert Plan.of(both | {"submit": "other"}, checkout).packable == ["plain", "many"]
    assert not Plan.of(CONFIG | {"experiments": EXPERIMENTS}, checkout).packable


def test_joined_units_are_of_the_seeds_that_all_parts_have_and_stand_beside_the_others(checkout):
    joined = {"both": ["plain", "other"], "all": ["other", "plain"]}
    plan = Plan.of(CONFIG | {"seeds": [0, 1], "experiments": EXPERIMENTS, "joined": joined}, checkout)
    assert plan.joined == {"both": ("plain", "other"), "all": ("other", "plain")}
    assert plan.joined_seeds("both") == (0, 1)
    assert plan.report_options.endswith("--beside many=5 other=0,1 both=0,1 all=0,1")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"submit": "fourth"}, "there is no experiment 'fourth' to submit; there are plain, many, other"),
        ({"experiments": {"a": {"system": "nope"}}}, "experiment a: unknown system 'nope'; there are recipes for"),
        ({"experiments": {"a": {"overrides": {"modle": {}}}}}, "experiment a: .*modle: unknown key"),
        ({"experiments": {"a": {"code": 1}}}, r"experiments\.a: Additional properties .*'code' was unexpected"),
        ({"experiments": {"A_b": {}}}, "experiments: 'A_b' does not match"),
        ({"experiments": {"english": {}}}, "experiments cannot be called english"),
        ({"experiments": {"features": {}, "lists": {}}}, "experiments cannot be called features, lists"),
        ({"joined": {"both": ["plain", "fourth"]}}, "joined both: there is no experiment fourth; there are plain"),
        ({"joined": {"plain": ["many", "other"]}}, "joined units cannot be called plain"),
        ({"joined": {"both": ["plain", "many"]}}, "joined both: plain, many have no seed in common"),
        ({"joined": {"both": ["plain"]}}, r"joined\.both: \['plain'\] is too short"),
    ],
)
def test_experiments_that_cannot_be_are_told_before_any_job(checkout, changes, message):
    with pytest.raises(InputError, match=message):
        Plan.of(CONFIG | {"experiments": EXPERIMENTS} | changes, checkout)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [({"modle": {}}, "modle: unknown key"), ({"stages": {"vqvae": {"steps": "x"}}}, "stages.vqvae.steps")],
)
def test_overrides_that_do_not_fit_the_recipe_are_told_before_any_job(checkout, overrides, message):
    with pytest.raises(InputError, match=message):
        Plan.of(CONFIG | {"overrides": overrides}, checkout)


def test_an_unknown_system_lists_the_recipes(checkout):
    with pytest.raises(InputError, match=r"unknown system 'nope'; there are recipes for .*vqvae-mel"):
        Plan.of(CONFIG | {"system": "nope"}, checkout)


def test_a_size_that_the_recipe_lacks_is_told(checkout):
    path = checkout / "workflow" / "systems" / "vqvae-mel.yaml"
    content = yaml.safe_load(path.read_text())
    del content["demo"]
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(InputError, match="has no overlay 'demo'"):
        Plan.of(CONFIG | {"size": "demo"}, checkout)


def test_how_a_machine_trains_goes_to_the_command_line(checkout):
    plan = Plan.of(CONFIG, checkout)
    assert (plan.device, plan.loading_options) == ("auto", "--workers 0")
    known = {"device": "cpu", "workers": 3, "tensorboard": True}
    plan = Plan.of(CONFIG | {"training": known}, checkout)
    assert (plan.device, plan.loading_options) == ("cpu", "--workers 3 --tensorboard")


def test_declarations_and_code_go_to_the_command_line(checkout):
    closed = WHO | {"open_source": False, "parallel_train": False, "external_data": False}
    plan = Plan.of(CONFIG | {"submission": closed}, checkout)
    assert (plan.declarations(plan.submitted), plan.code) == ("", "")
    plan = Plan.of(CONFIG | {"submission": WHO | {key: True for key in closed if key not in WHO}}, checkout)
    assert plan.declarations(plan.submitted) == "--open-source --parallel-train --external-data"
    assert plan.code.startswith(f"--code {checkout}/src ")


def test_frames_of_a_pretrained_encoder_are_declared_as_external_data_by_themselves(checkout):
    plain, pretrained = {"overrides": {}}, {"overrides": {"features": ["hubert"]}}
    plan = Plan.of(CONFIG | {"experiments": {"plain": plain, "pretrained": pretrained}}, checkout)
    flags = {name: plan.declarations(one).split() for name, one in plan.variants.items()}
    assert set(flags["pretrained"]) - set(flags["plain"]) == {"--external-data"}


def test_the_encoder_of_a_kind_of_frames_goes_to_the_command_line(checkout):
    assert Plan.of(CONFIG, checkout).encoder("hubert") == (
        ("unitvoice.features.ssl",),
        """--ssl '{"layer": 6, "model": "HUBERT_BASE"}'""",
    )
    plan = Plan.of(CONFIG | {"ssl": {"mine-2": {"layer": 2, "path": "it's here"}}}, checkout)
    assert json.loads(shlex.split(plan.encoder("mine-2")[1])[1]) == {"layer": 2, "path": "it's here"}
    assert plan.encoder("logmel") == plan.encoder("hubert") == ((), "")


def test_a_checkout_with_a_space_in_its_path_is_quoted(checkout):
    plan = Plan.of(CONFIG | {"submission": WHO | {"open_source": True}}, checkout)
    spaced = replace(plan, root=Path("/a b"))
    assert "'/a b/src'" in spaced.code


def test_the_hash_is_that_of_the_content_wherever_the_checkout_lies(package, monkeypatch):
    there = digest("unitvoice.features.extract")
    monkeypatch.setattr(workflow, "PACKAGE", ROOT / "src" / "unitvoice")
    digest.cache_clear()
    assert package.is_dir()
    assert digest("unitvoice.features.extract") == there


@pytest.mark.parametrize(
    "module", ["features/extract.py", "features/spectral.py", "store.py", "errors.py", "files.py"]
)
def test_the_hash_changes_with_every_module_that_is_imported_near_or_far(package, module):
    before = digest("unitvoice.features.extract")
    edited(package, module)
    assert digest("unitvoice.features.extract") != before


@pytest.mark.parametrize("beside", ["report/page.css", "report/page.js"])
def test_the_hash_changes_with_files_that_a_module_reads_beside_itself(package, beside):
    before = digest("unitvoice.report.page")
    edited(package, beside)
    assert digest("unitvoice.report.page") != before


@pytest.mark.parametrize("module", ["models.py", "units/encode.py", "systems/vqvae_mel.py", "evaluation/abx.py"])
def test_the_hash_does_not_change_with_what_is_not_imported(package, module):
    before = digest("unitvoice.features.extract")
    edited(package, module)
    assert digest("unitvoice.features.extract") == before


def test_a_system_concerns_those_who_name_it_alone(package):
    named, unnamed = ("unitvoice.units.encode", "unitvoice.systems.vqvae_mel"), ("unitvoice.units.encode",)
    before = digest(*named), digest(*unnamed)
    edited(package, "systems/vqvae_mel.py")
    assert digest(*named) != before[0]
    assert digest(*unnamed) == before[1]


def test_a_package_that_is_imported_counts_with_all_that_it_exports(package):
    before = digest("unitvoice.systems.vqvae_mel")
    edited(package, "nn/vq/ema.py")
    after = digest("unitvoice.systems.vqvae_mel")
    assert after != before
    edited(package, "nn/vq/__init__.py")
    assert digest("unitvoice.systems.vqvae_mel") != after


def test_imports_inside_functions_and_whole_modules_count(package):
    (package / "one.py").write_text("import unitvoice.two\n")
    (package / "two.py").write_text("def f():\n    from unitvoice import three\n    return three\n")
    (package / "three.py").write_text("from unitvoice.two import f\n")
    before = digest("unitvoice.one")
    edited(package, "three.py")
    assert digest("unitvoice.one") != before


def test_a_module_that_does_not_exist_is_told():
    with pytest.raises(InputError, match=r"there is no module unitvoice\.nope"):
        digest("unitvoice.errors", "unitvoice.nope")


def test_every_module_that_a_rule_names_exists():
    rules = "".join(path.read_text() for path in (ROOT / "workflow" / "rules").glob("*.smk"))
    names = set(re.findall(r'"(unitvoice\.[a-z0-9_.]+)"', rules)) | set(
        re.findall(r"python -m (unitvoice\.[a-z0-9_.]+)", rules)
    )
    assert len(names) > 5
    for name in names:
        assert len(digest(name)) == 12
