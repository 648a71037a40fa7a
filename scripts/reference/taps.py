"""Collects named intermediates of the oracles with forward hooks. The names are those of the executable's own taps."""

import torch
from torch import nn


class Taps:
    """Collects the outputs (or first inputs) of modules inside a `with` block."""

    def __init__(self):
        self.values: dict[str, torch.Tensor] = {}
        self._wanted: list[tuple[str, nn.Module, bool]] = []
        self._handles = []

    def output(self, name: str, module: nn.Module) -> "Taps":
        self._wanted.append((name, module, False))
        return self

    def input(self, name: str, module: nn.Module) -> "Taps":
        self._wanted.append((name, module, True))
        return self

    def _keep(self, name: str, value) -> None:
        value = value[0] if isinstance(value, (tuple, list)) else value
        if name in self.values:
            raise RuntimeError(f"{name} was seen twice")
        self.values[name] = value.detach().clone().contiguous()

    def __enter__(self) -> "Taps":
        for name, module, is_input in self._wanted:
            if is_input:
                hook = lambda _m, args, name=name: self._keep(name, args[0])
                self._handles.append(module.register_forward_pre_hook(hook))
            else:
                hook = lambda _m, _args, result, name=name: self._keep(name, result)
                self._handles.append(module.register_forward_hook(hook))
        return self

    def __exit__(self, *_) -> None:
        for handle in self._handles:
            handle.remove()


def dit_taps(transformer: nn.Module) -> Taps:
    taps = Taps().output("dit.t_emb", transformer.t_embedder)
    taps.input("dit.x_embed", transformer.noise_refiner[0]).input("dit.cap_embed", transformer.context_refiner[0])
    for group in ("noise_refiner", "context_refiner", "layers"):
        for i, block in enumerate(getattr(transformer, group)):
            taps.output(f"dit.{group}.{i}", block)
    return taps.output("dit.final", transformer.all_final_layer["2-1"])


def text_encoder_taps(text_encoder: nn.Module) -> Taps:
    """Taps every layer up to the one whose output is used; the last layer is never needed."""
    taps = Taps().output("text_encoder.embed", text_encoder.embed_tokens)
    for i, layer in enumerate(text_encoder.layers[:-1]):
        taps.output(f"text_encoder.layers.{i}", layer)
    return taps


def vae_encoder_taps(vae: nn.Module) -> Taps:
    taps = Taps().output("vae.encoder.conv_in", vae.encoder.conv_in)
    for i, block in enumerate(vae.encoder.down_blocks):
        taps.output(f"vae.encoder.down_blocks.{i}", block)
    return taps.output("vae.encoder.mid_block", vae.encoder.mid_block).output("vae.encoder.output", vae.encoder)


def vae_decoder_taps(vae: nn.Module) -> Taps:
    taps = Taps().output("vae.decoder.conv_in", vae.decoder.conv_in)
    taps.output("vae.decoder.mid_block", vae.decoder.mid_block)
    for i, block in enumerate(vae.decoder.up_blocks):
        taps.output(f"vae.decoder.up_blocks.{i}", block)
    return taps.output("vae.decoder.output", vae.decoder)
