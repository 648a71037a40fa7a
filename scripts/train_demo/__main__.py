"""Trains the demo model: python -m train_demo STAGE [options], in this order:

    vae, text, joint, control, classifier     each trains for one leg, and continues from the last one if run again
    export                                    writes models/demo (bf16) from the work folder

Stages read and write fp32 weights in the work folder (build/demo-training). A stage whose part is missing there starts
from the part in models/demo if `--from-repository` is given, else from scratch.
"""

import argparse
import shutil
import sys
from pathlib import Path

import diffusers
import torch
import transformers

from . import common

MINUTES = {"vae": 20, "text": 3, "joint": 55, "control": 30, "classifier": 4}


def main() -> int:
    parser = argparse.ArgumentParser(prog="train_demo", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("stage", choices=[*MINUTES, "decoder", "export"])
    parser.add_argument("--folder", type=Path, default=common.models_folder().parent.parent / "build/demo-training")
    parser.add_argument("--minutes", type=float, help="how long this leg trains")
    parser.add_argument("--seed", type=int, default=1, help="use a different one for each leg")
    parser.add_argument("--scenes", type=int, default=32768, help="how many scenes joint and control train on")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--from-repository", action="store_true", help="continue from the weights in models/demo")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    diffusers.logging.set_verbosity_error()
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    folder = arguments.folder
    if arguments.from_repository:
        for part in ("vae", "tokenizer", "text_encoder", "transformer", "controlnet"):
            if not (folder / part).exists() and (common.models_folder() / part).exists():
                shutil.copytree(common.models_folder() / part, folder / part)
    folder.mkdir(parents=True, exist_ok=True)
    minutes = arguments.minutes or MINUTES.get(arguments.stage, 20)
    if arguments.stage in ("vae", "decoder"):
        from . import vae

        vae.train(folder / "vae", minutes, arguments.seed, decoder_only=arguments.stage == "decoder")
    elif arguments.stage == "text":
        from . import text

        text.train(folder, minutes, arguments.seed)
    elif arguments.stage == "joint":
        from . import joint

        joint.train(folder, minutes, arguments.seed, arguments.scenes)
    elif arguments.stage == "control":
        from . import control

        control.train(folder, minutes, arguments.seed, arguments.scenes)
    elif arguments.stage == "classifier":
        from . import classifier

        classifier.train(folder / "classifier.safetensors", minutes, arguments.seed)
    else:
        from . import export

        export.write(folder, common.models_folder())
    return 0


if __name__ == "__main__":
    sys.exit(main())
