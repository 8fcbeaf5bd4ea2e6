"""What the screen says of a training that waits in trouble, beside the keys that help."""

from collections.abc import Sequence

from grokterm.experiment.recording.trouble import Trouble


def advice(trouble: Trouble, saved_at: int) -> Sequence[str]:
    """Say what can be done: in full, then shorter; without keys, which the line below shows."""
    match trouble:
        case Trouble(reason="diverged", last_good=None):
            return trouble.message, "it diverged: begin again, with other settings"
        case Trouble(reason="diverged", last_good=good):
            last = f"step {good:,} is the last good checkpoint"
            full = f"the loss is no longer a finite number. {last}: branch there, with a lower learning rate or clipping"
            return full, f"{last}: branch there, with a lower learning rate", f"{last}: branch there"
        case Trouble(reason="device_lost"):
            saved = f"step {saved_at:,} is saved"
            return (
                trouble.message,
                f"the device is lost, {saved}: leave, and open the run again, or resume it with --set device=cpu",
                f"the device is lost, {saved}: leave, and open the run again",
                f"{saved}: open the run again",
            )
        case Trouble(is_lost=True):
            saved = f"step {saved_at:,} is saved"
            return f"{trouble.message}; {saved}: go on from there", f"{saved}: go on from there"
    return (
        f"{trouble.message}; then try again",
        "not enough memory: free some, or change settings, and try again",
        "free memory, and try again",
    )
