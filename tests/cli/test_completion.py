"""The man page and the completions say what `--help-all` says, and the shells accept them."""

import os
import re
import shutil
import subprocess

import pytest
from conftest import BINARY, environment

SHELLS = ("bash", "zsh", "fish")


def program(*args):
    return subprocess.run([str(BINARY), *args], env=environment(), capture_output=True, text=True, check=True, timeout=60).stdout


def needs(tool):
    """Returns the tool's path; without the tool skips the test, or fails it in CI."""
    path = shutil.which(tool)
    if path is None:
        message = f"{tool} isn't installed (scripts/setup --test installs it)"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    return path


def parse_help(text):
    """Parses the help's layout into {names of an option: (available, its help)}."""
    options = {}
    current = None
    for line in text.splitlines():
        found = re.match(r"  (?:-(\w), |    )--(\[no-\])?([\w-]+)(.*)", line)
        if found:
            short, switch, name, rest = found.groups()
            current = tuple([f"--{name}"] + ([f"--no-{name}"] if switch else []) + ([f"-{short}"] if short else []))
            options[current] = rest
        elif current and line.startswith("          "):
            options[current] += " " + line.strip()
        else:
            current = None
    return {names: ("[not in this version]" not in words, words) for names, words in options.items()}


def subcommands(text):
    """Returns {name: available} for `zimage-inpaint NAME`; --help-all has a line for each."""
    return {name: "[not in this version]" not in words for name, words in re.findall(r"^       zimage-inpaint ([\w-]+)((?:.*\n {8,}(?!zimage)\S.*|.*))", text, re.M)}


@pytest.fixture(scope="module")
def tables():
    """Returns {subcommand or "": its options}; a subcommand that isn't available has none."""
    text = program("--help-all")
    found = {"": parse_help(text)}
    for name, available in subcommands(text).items():
        found[name] = parse_help(program(name, "--help")) if available else None
    assert {"doctor", "man", "completion", "compare"} <= set(found)
    assert len(found[""]) > 50, "the help could not be read"
    return found


def names_of(options, only_available):
    return {name for names, (available, _) in options.items() for name in names if available or not only_available}


# --- The man page -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    path = tmp_path_factory.mktemp("man") / "zimage-inpaint.1"
    path.write_text(program("man"))
    return path


def manual_text(page):
    """Returns the page as `man` shows it, without line breaks within words."""
    shown = subprocess.run([needs("man"), "--warnings", "-E", "UTF-8", "-l", str(page)], capture_output=True, text=True,
                           env={**os.environ, "MANWIDTH": "400", "MAN_KEEP_FORMATTING": "0", "LC_ALL": "C.UTF-8"})  # fmt: skip
    assert shown.returncode == 0 and shown.stderr == ""
    return re.sub(r".\x08", "", shown.stdout)


def manual_options(page):
    """Returns {section or subsection: names} for the entries in the source."""
    found, section = {}, ""
    lines = page.read_text().splitlines()
    for i, line in enumerate(lines):
        if line.startswith((".SH", ".SS")):
            section = line[4:].replace("\\-", "-")
        if line == ".TP":
            names = re.findall(r"\\fB(.*?)\\fR", lines[i + 1].replace("\\-", "-"))
            found.setdefault(section, set()).update(names)
    return found


def test_man_page_has_every_option_and_no_other(page, tables):
    found = manual_options(page)
    own = {re.match(r"zimage-inpaint ([\w-]+)", title)[1]: names for title, names in found.items() if title.startswith("zimage-inpaint ")}
    main = set().union(*(names for title, names in found.items() if not title.startswith("zimage-inpaint ")))
    assert main == names_of(tables[""], only_available=False)
    for name, options in tables.items():
        if name and options is not None:
            assert own[name] == names_of(options, only_available=False), name


def test_man_page_says_what_the_help_says(page, tables):
    text = re.sub(r"\s+", " ", manual_text(page))
    for names, (available, words) in tables[""].items():
        begin = max(text.find(f"{names[0]}{after}") for after in (" ", ",")) if names[0] in text else -1
        assert begin >= 0, names
        description = words.split("  ")[-1].strip()
        assert re.sub(r"\s+", " ", description) in text, names
        assert available or "[not in this version]" in description
    for heading in ("EXIT CODES", "ENVIRONMENT"):
        assert heading in text


def test_man_page_has_no_warnings(page):
    checks = [["man", "--warnings", "-E", "UTF-8", "-l"], ["groff", "-man", "-ww", "-z", "-K", "utf8"], ["mandoc", "-Tlint", "-W", "warning"]]
    for tool, *arguments in checks:
        done = subprocess.run([needs(tool), *arguments, str(page)], capture_output=True, text=True)
        output = done.stderr if tool != "mandoc" else done.stdout + done.stderr
        # A tarball has no commit and therefore no date.
        assert not [line for line in output.splitlines() if "missing date" not in line], (tool, output)


# --- The completions ----------------------------------------------------------------------------------------------------


def bash(script, *words, cwd=None):
    """Returns COMPREPLY for `zimage-inpaint WORDS` while the last word is being typed; bash splits at `=`."""
    line = ["zimage-inpaint"]
    for word in words:
        line += re.split("(=)", word) if word.startswith("--") else [word]
    line = [word for i, word in enumerate(line) if word or i == len(line) - 1]
    code = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _zimage_inpaint; printf "%s\\n" "${COMPREPLY[@]}"'
    done = subprocess.run([needs("bash"), "--norc", "-c", code, "bash", str(script), *line], capture_output=True, text=True, cwd=cwd)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    return set(done.stdout.split("\n")) - {""}


@pytest.fixture(scope="module")
def scripts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("completion")
    for shell in SHELLS:
        (folder / shell).write_text(program("completion", shell))
    return folder


def test_bash_offers_every_available_option_and_no_other(scripts, tables):
    for name, options in tables.items():
        if options is None:
            continue
        words = [name, "-"] if name else ["-"]
        assert bash(scripts / "bash", *words) == names_of(options, only_available=True), name


def test_bash_offers_subcommands_choices_and_files(scripts, tables, tmp_path):
    script = scripts / "bash"
    assert bash(script, "") == {name for name, options in tables.items() if name and options is not None}
    assert bash(script, "--ste") == {"--steps"}
    assert bash(script, "--sampler", "") == {"res_multistep", "euler"}
    assert bash(script, "--sampler=") == {"res_multistep", "euler"}
    assert bash(script, "--sampler=e") == {"euler"}
    assert bash(script, "--prompt", "") == set()
    assert bash(script, "completion", "") == set(SHELLS)
    assert bash(script, "doctor", "--device", "c") == {"cpu", "cuda"}
    (tmp_path / "a picture.png").touch()
    (tmp_path / "folder").mkdir()
    assert bash(script, "--image", "", cwd=tmp_path) == {"a picture.png", "folder"}
    assert bash(script, "--image=a", cwd=tmp_path) == {"a picture.png"}
    assert bash(script, "-m", "a", cwd=tmp_path) == {"alpha", "a picture.png"}
    assert bash(script, "--steps", "", cwd=tmp_path) == set()


def test_the_program_accepts_every_choice_offered(scripts, tables, tmp_path):
    """A choice is accepted if only something else is wrong, such as the missing picture."""
    tried = 0
    for names, (available, words) in tables[""].items():
        offered = bash(scripts / "bash", names[0], "", cwd=tmp_path) if available and re.match(r" [A-Z]", words) else set()
        for choice in offered:
            done = subprocess.run([str(BINARY), names[0], choice], env=environment(), cwd=tmp_path, capture_output=True, text=True)
            assert done.returncode == 2 and "can't be" not in done.stderr and "not available" not in done.stderr, (names, choice, done.stderr)
            tried += 1
        restricted = re.search(r"\[this version: ([^\]]*)\]", words)
        if restricted and offered:
            assert offered == set(restricted[1].split()), names
    assert tried > 15


def test_zsh_has_every_available_option_and_no_other(scripts, tables):
    subprocess.run([needs("zsh"), "-n", str(scripts / "zsh")], check=True)
    # This runs the real function with an `_arguments` that shows what it is given.
    code = """
      compdef() { : }; _arguments() { print -rl -- "$@" }; _describe() { print -rl -- $subcommands }
      source "$1"; shift; words=(zimage-inpaint "$@"); CURRENT=$#words; _zimage_inpaint"""
    def show(*words):
        done = subprocess.run([needs("zsh"), "-f", "-c", code, "zsh", str(scripts / "zsh"), *words], capture_output=True, text=True)
        assert done.stderr == ""
        return done.stdout.splitlines()

    for name, options in tables.items():
        if options is None:
            continue
        lines = show(*([name] if name else []), "-")
        found = {re.match(r"(?:\*|\([^)]*\))(--?[\w-]+)=?\[", line)[1] for line in lines if not re.match(r"(\d|\*):", line)}
        assert found == names_of(options, only_available=True), name
    assert {line.split(":")[0] for line in show("")} == {name for name, options in tables.items() if name and options is not None}


def test_zsh_completes(scripts, tmp_path):
    """Checks what Tab writes in a real zsh on a pseudo-terminal (zsh/zpty)."""
    functions = tmp_path / "functions"
    functions.mkdir()
    shutil.copy(scripts / "zsh", functions / "_zimage-inpaint")
    code = r"""
      zmodload zsh/zpty; zpty z "TERM=dumb PS1= zsh -f -i"
      zpty -w z "fpath=($1 \$fpath); autoload -Uz compinit; compinit -u -D; setopt nolistbeep; print RE''ADY"
      local text= chunk; while zpty -r z chunk; do text+=$chunk; [[ $text == *READY* ]] && break; done
      zpty -n -w z "zimage-inpaint --ste"$'\t'; sleep 1
      zpty -n -w z $' 4 --sampler eu\t'; sleep 1; zpty -n -w z $'\C-a: \C-eEND\n'
      text=; while zpty -r z chunk; do text+=$chunk; [[ $text == *END* ]] && break; done; print -r -- $text"""
    done = subprocess.run([needs("zsh"), "-f", "-c", code, "zsh", str(functions)], capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert "--steps" in done.stdout and "euler" in done.stdout, done.stdout + done.stderr


def fish(script, line, cwd=None):
    code = f"source {script}; complete -C'{line}'"
    done = subprocess.run([needs("fish"), "--no-config", "-c", code], capture_output=True, text=True, cwd=cwd,
                          env={**os.environ, "HOME": str(script.parent), "PATH": f"{BINARY.parent}:{os.environ['PATH']}"})  # fmt: skip
    assert done.returncode == 0 and done.stderr == "", done.stderr
    return {entry.split("\t")[0] for entry in done.stdout.splitlines()}


def test_fish_completes(scripts, tables, tmp_path):
    script = scripts / "fish"
    subprocess.run([needs("fish"), "-n", str(script)], check=True)
    for name, options in tables.items():
        if options is None:
            continue
        start = f"zimage-inpaint {name} " if name else "zimage-inpaint "
        assert fish(script, start + "--") == {n for n in names_of(options, only_available=True) if n.startswith("--")}, name
        shorts = {n for n in names_of(options, only_available=True) if not n.startswith("--")}
        assert {n for n in fish(script, start + "-") if re.fullmatch("-[a-z]", n)} == shorts, name
    assert fish(script, "zimage-inpaint ", cwd=tmp_path) == {name for name, options in tables.items() if name and options is not None}
    assert fish(script, "zimage-inpaint --ste") == {"--steps"}
    assert fish(script, "zimage-inpaint --sampler ", cwd=tmp_path) == {"res_multistep", "euler"}
    (tmp_path / "a.png").touch()
    assert fish(script, "zimage-inpaint --image ", cwd=tmp_path) == {"a.png"}
    assert fish(script, "zimage-inpaint completion ", cwd=tmp_path) == set(SHELLS)


def test_an_unknown_shell_is_refused():
    done = subprocess.run([str(BINARY), "completion", "tcsh"], env=environment(), capture_output=True, text=True)
    assert done.returncode == 2 and done.stdout == "" and "bash" in done.stderr
