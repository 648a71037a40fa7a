#include "app/options/option.h"

#include <algorithm>
#include <array>
#include <sstream>

#include "app/options/binding.h"
#include "app/options/special_bindings.h"

namespace zimage::app {
namespace {

// Options that this version doesn't have yet are marked with `only`: the values that change nothing stay valid, so that
// scripts written for later versions run.
const OptionSpec kOptions[] = {
    // clang-format off
    {.name = "image", .short_name = 'i', .group = Group::kWhat, .kind = Kind::kText, .value_name = "PATH", .bind = bound<&JobSpec::image>(), .recorded = true, .reported = true, .per_job = true, .path = true, .tier = Tier::kShort,
     .help = "the picture, a folder of pictures, or - for a picture on stdin", .more = "It may be PNG, JPEG, WebP, BMP or TIFF, or GIF, PNM, PSD or TGA, whose results are PNG. EXIF orientation and colour profiles are honoured. A folder is searched recursively."},
    {.name = "mask", .short_name = 'm', .group = Group::kWhat, .kind = Kind::kText, .value_name = "PATH|alpha|SHAPE", .bind = bind_mask(), .recorded = true, .reported = true, .per_job = true, .path = true, .tier = Tier::kShort,
     .help = "the mask: white is repainted, black is kept; or rect:X,Y,W,H",
     .more = "A file must have the picture's aspect ratio. For a folder of pictures, give a folder with a mask of the same stem for each, or one mask for all. `alpha` takes the picture's own transparency: what is transparent is repainted, and is opaque in the result. "
             "A shape is rect:X,Y,W,H, ellipse:X,Y,W,H (the box around it) or polygon:X,Y X,Y X,Y and further points, in pixels of the picture as it is shown or in percent (rect:10%,20%,50%,30%); several are joined by +. "
             "FILE.json takes annotations of COCO or LabelMe, FILE.json:LABEL those of one label. Write ./ before a file whose name begins like a shape."},
    {.name = "prompt", .short_name = 'p', .group = Group::kWhat, .kind = Kind::kText, .value_name = "TEXT", .bind = bound<&JobSpec::prompt>(), .recorded = true, .reported = true, .per_job = true, .tier = Tier::kShort,
     .help = "what the picture should show", .more = "In a folder, STEM.txt beside a picture is that picture's own prompt."},
    {.name = "prompt-file", .group = Group::kWhat, .kind = Kind::kText, .value_name = "FILE", .per_job = true, .path = true,
     .help = "read the prompt from a UTF-8 text file", .more = "One newline at its end is dropped."},
    {.name = "negative-prompt", .group = Group::kWhat, .kind = Kind::kText, .value_name = "TEXT", .bind = bind_negative_prompt(), .recorded = true, .per_job = true,
     .help = "what the picture should not show", .more = "It is used only with a --guidance-scale other than 1, which base Z-Image has by default."},
    {.name = "output", .short_name = 'o', .group = Group::kWhat, .kind = Kind::kText, .value_name = "PATH|-", .per_job = true, .path = true, .tier = Tier::kShort,
     .help = "where the result goes", .more = "Give a file, an existing folder, or - for PNG bytes on stdout. The default is STEM-inpainted.EXT beside the picture; a folder's results go to FOLDER-inpainted, in the same tree."},
    {.name = "manifest", .group = Group::kWhat, .kind = Kind::kText, .value_name = "JSONL", .path = true,
     .help = "file of jobs, one JSON object per line; - reads them from stdin", .more = "Keys are long option names and win over the command line; relative paths start from the manifest's folder. From stdin, a job starts as soon as its line arrives."},

    {.name = "model", .group = Group::kModel, .kind = Kind::kText, .value_name = "PATH", .bind = bind_model(), .recorded = true, .path = true, .tier = Tier::kShort,
     .help = "ComfyUI's folder, a DiT file (safetensors, GGUF) or a diffusers folder",
     .more = "The other parts are looked for in the file, beside it, and in the ComfyUI folder around it (text_encoders, vae, model_patches, loras). Other options' bare file names are looked up there too. The default is $ZIMAGE_MODEL, else the bundled demo model."},
    {.name = "text-encoder", .group = Group::kModel, .kind = Kind::kText, .value_name = "PATH", .bind = bound<&JobSpec::model, &ModelPaths::text_encoder>(), .recorded = true, .path = true,
     .help = "the text encoder's file or folder", .more = "It is Qwen3-4B, as safetensors or GGUF. The default is the one found with the model."},
    {.name = "tokenizer", .group = Group::kModel, .kind = Kind::kText, .value_name = "PATH", .bind = bound<&JobSpec::model, &ModelPaths::tokenizer>(), .recorded = true, .path = true,
     .help = "tokenizer.json or its folder, or a GGUF", .more = "The default is the model's tokenizer.json, else the vocabulary of a GGUF text encoder, else the one that comes with the program."},
    {.name = "vae", .group = Group::kModel, .kind = Kind::kText, .value_name = "PATH", .bind = bound<&JobSpec::model, &ModelPaths::vae>(), .recorded = true, .path = true,
     .help = "the VAE's file or folder", .more = "The default is the one found with the model."},
    {.name = "controlnet", .group = Group::kModel, .kind = Kind::kText, .value_name = "FILE", .bind = bound<&JobSpec::model, &ModelPaths::controlnet>(), .recorded = true, .path = true, .tier = Tier::kShort,
     .help = "a Z-Image ControlNet: v1, 2.0, 2.1 or lite, detected from the file",
     .more = "Give a file, a folder with its config.json, or a name in ComfyUI's model_patches or controlnet folder. A 33-channel ControlNet inpaints by itself, without RePaint."},
    {.name = "control-image", .group = Group::kModel, .kind = Kind::kText, .value_name = "PATH", .bind = bound<&JobSpec::control_image>(), .recorded = true, .per_job = true, .path = true, .tier = Tier::kShort,
     .help = "the picture that steers the ControlNet: edges, pose, depth",
     .more = "It is scaled to the picture's size. A v1 ControlNet needs one; the others can do without."},
    {.name = "control-scale", .group = Group::kModel, .kind = Kind::kNumber, .value_name = "X", .min = 0, .max = 100, .bind = bind_control_scale(), .recorded = true, .per_job = true,
     .help = "strength of the ControlNet (0.75; 0.90 for lite and 2602, 0.85 for tile)",
     .more = "Values from 0.65 to 1 are useful. It does nothing without --controlnet."},
    {.name = "lora", .group = Group::kModel, .kind = Kind::kList, .value_name = "FILE[:SCALE]", .bind = bind_lora(), .recorded = true, .path = true, .tier = Tier::kShort,
     .help = "a LoRA with its strength (1); repeatable",
     .more = "LoRA, LoKr, LoHa, DoRA and files of differences for Z-Image's DiT work, whichever trainer wrote them. Several apply in the order given. The scale may be negative; 0 changes nothing."},
    {.name = "lora-allow-unmatched", .group = Group::kModel, .kind = Kind::kFlag, .bind = bind_lora_allow_unmatched(), .recorded = true,
     .help = "go on if a LoRA has tensors that fit nothing in the model",
     .more = "They are left out, with a warning that lists them. Without it that is an error. It also lets a training adapter through."},

    {.name = "steps", .group = Group::kSampling, .kind = Kind::kInteger, .value_name = "N", .min = 1, .max = 1000, .bind = bound<&JobSpec::sampling, &Sampling::steps>(), .recorded = true, .reported = true, .per_job = true, .tier = Tier::kShort,
     .help = "denoising steps (8; base 30)", .more = "The default is that of the model, Turbo, base Z-Image or De-Turbo (25); -v says which was found, and why."},
    {.name = "shift", .group = Group::kSampling, .kind = Kind::kNumber, .value_name = "X", .min = 0.01, .max = 100, .bind = bound<&JobSpec::sampling, &Sampling::shift>(), .recorded = true, .reported = true, .per_job = true,
     .help = "shift of the noise schedule (3; base 6)", .more = "The model's scheduler_config.json sets the default."},
    {.name = "guidance-scale", .group = Group::kSampling, .kind = Kind::kNumber, .value_name = "X", .min = 0, .max = 1000, .bind = bound<&JobSpec::sampling, &Sampling::guidance_scale>(), .recorded = true, .per_job = true,
     .help = "classifier-free guidance; 1 is off (1; base 4)", .more = "Any other value costs a second forward per step. It counts like ComfyUI's cfg, which is 1 more than the guidance_scale of diffusers. De-Turbo has a default of 3."},
    {.name = "cfg-truncation", .group = Group::kSampling, .kind = Kind::kNumber, .value_name = "X", .default_value = "1.0", .min = 0, .max = 1, .bind = bind_cfg_truncation(), .recorded = true, .per_job = true,
     .help = "guide only down to the noise level 1 - X; 1 guides every step", .more = "The later steps cost one forward each. It does nothing without guidance."},
    {.name = "cfg-normalization", .group = Group::kSampling, .kind = Kind::kNumber, .value_name = "X", .default_value = "0", .min = 0, .max = 1000, .bind = bind_cfg_normalization(), .recorded = true, .per_job = true,
     .help = "limit a guided prediction to X times the norm of the unguided one; 0 is off", .more = "A value of 1 keeps the norm that the prediction has without guidance. It does nothing without guidance."},
    {.name = "sampler", .group = Group::kSampling, .kind = Kind::kChoice, .value_name = "NAME", .default_value = "res_multistep", .choices = "res_multistep euler", .bind = bound<&JobSpec::sampling, &Sampling::sampler>(), .recorded = true, .per_job = true,
     .help = "the solver: res_multistep or euler"},
    {.name = "seed", .group = Group::kSampling, .kind = Kind::kSeed, .value_name = "N", .bind = bind_seed(), .recorded = true, .per_job = true, .tier = Tier::kShort,
     .help = "seed of the noise (random, and printed)"},
    {.name = "strength", .group = Group::kSampling, .kind = Kind::kNumber, .value_name = "X", .default_value = "1.0", .min = 0, .max = 1, .above_min = true, .bind = bound<&JobSpec::sampling, &Sampling::strength>(), .recorded = true, .reported = true, .per_job = true, .tier = Tier::kShort,
     .help = "noise level to start from: 1 paints anew, less keeps more"},
    {.name = "num-images", .group = Group::kSampling, .kind = Kind::kInteger, .value_name = "N", .default_value = "1", .min = 1, .max = 10000, .per_job = true, .tier = Tier::kShort,
     .help = "number of results", .more = "Picture k (from 0) uses seed + k and is named STEM-inpainted-k."},
    {.name = "strategy", .group = Group::kSampling, .kind = Kind::kChoice, .value_name = "NAME", .default_value = "auto", .choices = "auto controlnet repaint", .bind = bound<&JobSpec::sampling, &Sampling::strategy>(), .recorded = true, .per_job = true,
     .help = "how the kept part is held: auto, controlnet or repaint"},
    {.name = "jump-length", .group = Group::kSampling, .kind = Kind::kInteger, .value_name = "N", .default_value = "0", .min = 0, .max = 1000, .bind = bind_jump_length(), .recorded = true, .per_job = true,
     .help = "RePaint resampling: jump this many steps back, with new noise; 0 is off", .more = "It needs a --jump-count of 2 or more."},
    {.name = "jump-count", .group = Group::kSampling, .kind = Kind::kInteger, .value_name = "N", .default_value = "1", .min = 0, .max = 1000, .bind = bind_jump_count(), .recorded = true, .per_job = true,
     .help = "RePaint resampling: go through each stretch this many times; 1 is off", .more = "8 steps with --jump-length 2 --jump-count 2 cost 14 forwards."},

    {.name = "mask-invert", .group = Group::kMask, .kind = Kind::kFlag, .bind = bound<&JobSpec::mask, &MaskSpec::reading, &MaskReading::invert>(), .recorded = true, .per_job = true, .tier = Tier::kShort,
     .help = "black is repainted, white is kept"},
    {.name = "mask-threshold", .group = Group::kMask, .kind = Kind::kShare, .value_name = "X|=VALUE", .default_value = "0.5", .min = 0, .max = 1, .above_min = true, .bind = bind_mask_threshold(), .recorded = true, .per_job = true,
     .help = "repaint where the mask is at least this, a share of white; =3 repaints its value 3 alone", .more = "A value is a grey level or a palette's entry as the file holds it, or a colour: =#ff0000. Shapes and annotations have no values. With --soft-mask, shares below X are kept, and the default is 0: every one above 0 counts."},
    {.name = "mask-grow", .group = Group::kMask, .kind = Kind::kInteger, .value_name = "PX", .default_value = "0", .min = 0, .max = 65536, .bind = bound<&JobSpec::mask, &MaskSpec::grow>(), .recorded = true, .per_job = true, .tier = Tier::kShort,
     .help = "grow the mask by this many pixels in every direction"},
    {.name = "mask-fill-holes", .group = Group::kMask, .kind = Kind::kFlag, .bind = bound<&JobSpec::mask, &MaskSpec::fill_holes>(), .recorded = true, .per_job = true,
     .help = "repaint what the mask surrounds", .more = "This comes before --mask-grow. What touches the picture's border is not surrounded."},
    {.name = "feather", .group = Group::kMask, .kind = Kind::kInteger, .value_name = "PX", .default_value = "4", .min = 0, .max = 65536, .bind = bound<&JobSpec::feather>(), .recorded = true, .per_job = true,
     .help = "fade the result into the picture over this many pixels outside the mask; 0 is off",
     .more = "It counts the picture's own pixels. The effective mask is the mask and that band; everything beyond it stays as it is. It does nothing with --no-composite."},
    {.name = "soft-mask", .group = Group::kMask, .kind = Kind::kFlag, .bind = bound<&JobSpec::mask, &MaskSpec::reading, &MaskReading::soft>(), .recorded = true, .per_job = true,
     .help = "let grey values of the mask change the picture by degrees",
     .more = "A value holds its pixels until that noise level is reached, as if --strength started there: white paints anew, dark grey changes little. It works with RePaint only."},
    {.name = "color-match", .group = Group::kMask, .kind = Kind::kSwitch, .default_value = "true", .bind = bound<&JobSpec::color_match>(), .recorded = true, .per_job = true,
     .help = "match the hole's colours to the kept pixels around it",
     .more = "It corrects a shift of colour by at most 16 levels of 255. It does nothing with --no-composite."},

    {.name = "crop", .group = Group::kGeometry, .kind = Kind::kChoice, .value_name = "MODE", .default_value = "auto", .choices = "auto off", .bind = bound<&JobSpec::crop>(), .recorded = true, .per_job = true,
     .help = "auto works on the mask's surroundings, off on the whole picture",
     .more = "auto scales the surroundings to --megapixels, at most twice as large, and pastes the result back at the picture's resolution; parts of the mask that lie far apart are done one by one. A picture of about that size is done whole. --crop off --feather 0 --no-color-match is the plain algorithm."},
    {.name = "padding", .group = Group::kGeometry, .kind = Kind::kInteger, .value_name = "PX", .min = 0, .max = 65536, .bind = bind_padding(), .recorded = true, .per_job = true,
     .help = "context around the mask for --crop auto (half its longer side, at least 32)", .more = "It does nothing with --crop off."},
    {.name = "megapixels", .group = Group::kGeometry, .kind = Kind::kNumber, .value_name = "X", .min = 0.01, .max = 4, .bind = bind_megapixels(), .recorded = true, .per_job = true,
     .help = "working size for --crop auto (the model's native area)", .more = "It does nothing with --crop off."},
    {.name = "outpaint", .group = Group::kGeometry, .kind = Kind::kText, .value_name = "L,T,R,B", .default_value = "0,0,0,0", .bind = bind_outpaint(), .recorded = true, .per_job = true,
     .help = "grow the picture by pixels at left, top, right and bottom, and paint them", .more = "The picture itself stays as it is, except within the feather and the --mask, if one is given."},
    {.name = "composite", .group = Group::kGeometry, .kind = Kind::kSwitch, .default_value = "true", .bind = bound<&JobSpec::composite>(), .recorded = true, .per_job = true,
     .help = "paste only the hole into the picture",
     .more = "Every pixel outside the mask and its feather stays as it is. --no-composite writes what the model decoded, at its working size: one region with --crop auto, the whole picture with --crop off."},

    {.name = "format", .group = Group::kOutput, .kind = Kind::kChoice, .value_name = "NAME", .choices = "png jpeg jpg webp tiff tif bmp", .per_job = true,
     .help = "png, jpeg, webp, tiff or bmp (the output's ending, else the picture's format)"},
    {.name = "quality", .group = Group::kOutput, .kind = Kind::kInteger, .value_name = "N", .min = 1, .max = 100, .bind = bound<&JobSpec::quality>(), .per_job = true,
     .help = "quality of JPEG (the picture's own tables, else 95) or WebP (lossless)", .more = "It is 1 to 100; PNG, TIFF and BMP have none."},
    {.name = "overwrite", .group = Group::kOutput, .kind = Kind::kFlag, .bind = bound<&JobSpec::overwrite>(), .per_job = true, .tier = Tier::kShort,
     .help = "replace an existing output"},
    {.name = "skip-existing", .group = Group::kOutput, .kind = Kind::kFlag, .bind = bound<&JobSpec::skip_existing>(), .per_job = true,
     .help = "keep an existing output that is whole and was made with the same parameters",
     .more = "An output made with other parameters is an error, or is replaced with --overwrite."},
    {.name = "no-metadata", .group = Group::kOutput, .kind = Kind::kFlag, .bind = bound<&JobSpec::no_metadata>(), .per_job = true,
     .help = "don't write provenance (what made the picture) into the result",
     .more = "The picture's own EXIF, XMP, credits, text and colours are kept either way, where the format has a place for them."},
    {.name = "replay", .group = Group::kOutput, .kind = Kind::kText, .value_name = "IMAGE", .path = true,
     .help = "repeat the run that made this picture (PNG, JPEG, WebP or TIFF)", .more = "Its options are defaults: options given here win."},
    {.name = "save-mask", .group = Group::kOutput, .kind = Kind::kText, .value_name = "FILE", .per_job = true, .path = true,
     .help = "write the effective mask (PNG, 255 where the result may differ)", .more = "Without a prompt and another output, that is all that is done: no model is opened."},
    {.name = "save-crop", .group = Group::kOutput, .kind = Kind::kText, .value_name = "FILE", .per_job = true, .path = true,
     .help = "write the region of the picture that is worked on (PNG)", .more = "Several regions go to FILE-0, FILE-1 and so on."},
    {.name = "save-latents", .group = Group::kOutput, .kind = Kind::kText, .value_name = "FILE", .per_job = true, .path = true,
     .help = "write the final latents (.safetensors, tensor `latents`)", .more = "Further regions are `latents.1` and so on."},
    {.name = "preview", .group = Group::kOutput, .kind = Kind::kText, .value_name = "FILE", .per_job = true, .path = true, .tier = Tier::kShort,
     .help = "draw what would be repainted (PNG), and run nothing", .more = "It shows the picture with the effective mask tinted, its edge as a line, and a dashed box around each region that is worked on. No prompt is needed, and no weight is read. In a batch it names a folder."},
    {.name = "save-previews", .group = Group::kOutput, .kind = Kind::kText, .value_name = "FOLDER", .per_job = true, .path = true,
     .help = "write what each step shows so far (PNG)", .more = "The files are STEM-step-01.png and so on, with the result's stem, and show the region that is worked on in rough colours."},

    {.name = "fail-fast", .group = Group::kBatch, .kind = Kind::kFlag,
     .help = "stop at the first bad job of a batch", .more = "Without it, a bad job is reported and the rest go on."},
    {.name = "report", .group = Group::kBatch, .kind = Kind::kText, .value_name = "FILE", .path = true,
     .help = "write the lines of --json to a file", .more = "Each run writes the file anew; an existing one needs --overwrite or --skip-existing."},
    {.name = "batch-size", .group = Group::kBatch, .kind = Kind::kInteger, .value_name = "N", .default_value = "1", .min = 1, .max = 1024,
     .help = "how many pictures of equal size may share their forwards", .more = "Above 1, the bytes of a result may depend on what it was grouped with."},
    {.name = "shard", .group = Group::kBatch, .kind = Kind::kText, .value_name = "I/N|auto",
     .help = "this machine's share of a batch: I/N with I from 1 to N, or auto", .more = "auto reads the task of a Slurm array, or the index of a Kubernetes Job (with $JOB_COMPLETIONS for its size)."},

    {.name = "golden", .group = Group::kGolden, .kind = Kind::kText, .value_name = "PATH", .per_job = true, .path = true,
     .help = "compare the result with this picture or folder",
     .more = "In a folder, the picture with the output's name counts. A difference beyond --tolerance is drawn to STEM-difference.png beside the output, and the exit code is 6."},
    {.name = "tolerance", .group = Group::kGolden, .kind = Kind::kInteger, .value_name = "N", .default_value = "0", .min = 0, .max = 255, .bind = bound<&JobSpec::golden_tolerance>(), .per_job = true,
     .help = "largest allowed 8-bit difference from the golden picture", .more = "It does nothing without --golden."},
    {.name = "golden-update", .group = Group::kGolden, .kind = Kind::kFlag, .bind = bound<&JobSpec::golden_update>(), .per_job = true,
     .help = "write the results as the new golden pictures"},

    {.name = "device", .group = Group::kMachine, .kind = Kind::kText, .value_name = "NAME", .default_value = "auto", .offered = "auto cpu cuda", .bind = bound<&JobSpec::compute, &ComputeOptions::device>(), .tier = Tier::kShort,
     .help = "auto, cpu, cuda or cuda:N"},
    {.name = "dtype", .group = Group::kMachine, .kind = Kind::kChoice, .value_name = "NAME", .default_value = "auto", .choices = "auto fp32 bf16 fp16 int8 fp8", .bind = bound<&JobSpec::compute, &ComputeOptions::dtype>(), .recorded = true,
     .help = "number format to compute in: auto, fp32, bf16, fp16, int8 (CPU), fp8 (CUDA)",
     .more = "auto is bf16 on CUDA. On the CPU it is fp32 for small models, and for large ones bf16 if the processor multiplies it, else fp32; -v says why. int8 and fp8 multiply the DiT's large layers in 8 bits: the picture differs a little. fp8 takes a card of compute capability 8.9 or above."},
    {.name = "offload", .group = Group::kMachine, .kind = Kind::kChoice, .value_name = "MODE", .default_value = "auto", .choices = "auto none stage stream", .bind = bound<&JobSpec::compute, &ComputeOptions::offload>(),
     .help = "which weights stay in the device's memory: auto, none, stage or stream",
     .more = "none keeps all parts of the model, stage only the part that is at work, stream only the layers that are at work, which is slower. auto keeps as many as fit with room to spare; -v, --dry-run and doctor show what that is."},
    {.name = "max-memory", .group = Group::kMachine, .kind = Kind::kText, .value_name = "SIZE", .bind = bind_max_memory(),
     .help = "memory of the device that the run may take: 6GB, 8GiB",
     .more = "On the CPU that is the machine's memory. The default is all of it, or what the process's control group allows."},
    {.name = "threads", .group = Group::kMachine, .kind = Kind::kInteger, .value_name = "N", .default_value = "0", .min = 0, .max = 1024, .bind = bound<&JobSpec::compute, &ComputeOptions::threads>(),
     .help = "CPU threads; 0 is one per core"},

    {.name = "quiet", .short_name = 'q', .group = Group::kMessages, .kind = Kind::kFlag, .tier = Tier::kShort,
     .help = "no notices and no progress, only warnings and errors"},
    {.name = "verbose", .short_name = 'v', .group = Group::kMessages, .kind = Kind::kCount, .default_value = "0", .min = 0, .max = 9, .tier = Tier::kShort,
     .help = "say what is chosen and why; -vv says everything"},
    {.name = "json", .group = Group::kMessages, .kind = Kind::kFlag, .tier = Tier::kShort,
     .help = "one JSON object per job on stdout instead of the path"},
    {.name = "progress", .group = Group::kMessages, .kind = Kind::kChoice, .value_name = "MODE", .default_value = "auto", .choices = "auto plain json none",
     .help = "auto (a bar on a terminal, else lines), plain, json, none"},
    {.name = "color", .group = Group::kMessages, .kind = Kind::kChoice, .value_name = "WHEN", .default_value = "auto", .choices = "auto always never",
     .help = "when to colour messages: auto, always or never", .more = "NO_COLOR and TERM=dumb turn auto off."},
    {.name = "show", .group = Group::kMessages, .kind = Kind::kFlag,
     .help = "show each result on a terminal that can", .more = "These are kitty, ghostty, iTerm2, WezTerm and terminals with sixel; elsewhere it does nothing. With -v, each step is shown as well."},
    {.name = "log-file", .group = Group::kMessages, .kind = Kind::kText, .value_name = "FILE", .path = true,
     .help = "write every message to this file too, with the time"},
    {.name = "dry-run", .group = Group::kMessages, .kind = Kind::kFlag, .bind = bound<&JobSpec::dry_run>(), .tier = Tier::kShort,
     .help = "check everything, print the plan, write nothing"},
    {.name = "config", .group = Group::kMessages, .kind = Kind::kText, .value_name = "FILE", .path = true,
     .help = "read options from a TOML file", .more = "Keys are long option names. Options and $ZIMAGE_MODEL win over it."},
    {.name = "version", .group = Group::kMessages, .kind = Kind::kFlag, .tier = Tier::kShort, .help = "versions of this program and of libtorch"},
    {.name = "help", .short_name = 'h', .group = Group::kMessages, .kind = Kind::kFlag, .tier = Tier::kShort, .help = "show this help"},
    {.name = "help-all", .group = Group::kMessages, .kind = Kind::kFlag, .tier = Tier::kShort, .help = "show every option"},
    // clang-format on
};

}  // namespace

std::span<const OptionSpec> option_table() { return kOptions; }

const OptionSpec* find_option(std::string_view name) { return find_option(kOptions, name); }

const OptionSpec* find_option(std::span<const OptionSpec> table, std::string_view name) {
  const auto found = std::find_if(table.begin(), table.end(), [&](const auto& o) { return name == o.name; });
  return found == table.end() ? nullptr : &*found;
}

const char* to_string(Group group) {
  static constexpr std::array<const char*, 10> kNames = {"What",   "Model", "Sampling", "Mask",    "Geometry",
                                                         "Output", "Batch", "Golden",   "Machine", "Messages"};
  return kNames.at(static_cast<std::size_t>(group));
}

bool takes_value(const OptionSpec& spec) {
  return spec.kind != Kind::kFlag && spec.kind != Kind::kSwitch && spec.kind != Kind::kCount;
}

std::vector<std::string> words(std::string_view text) {
  std::istringstream in{std::string(text)};
  std::vector<std::string> out;
  for (std::string word; in >> word;) out.push_back(word);
  return out;
}

}  // namespace zimage::app
