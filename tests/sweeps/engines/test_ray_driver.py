"""What is checked before a cluster is joined."""

import pytest

from grokterm.errors import ConfigError
from grokterm.sweeps.engines.ray_driver import connect, resource_of


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("ray://head:10001", "a ray:// address is for thin clients: .*, with --address auto"),
        *((one, f"address must be auto or HOST:PORT, .*, not '{one}'") for one in ("head", ":6379", "h:", "h:65536", "h:6²")),
        (f"{'h' * 70}:6379", "no Ray answers at h+:6379: .*label"),
    ],
)
def test_an_address_that_is_none_is_refused_in_a_line(address: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        connect(address, most=None)


def test_a_worker_takes_a_gpu_where_the_members_want_one_and_the_cluster_has_some() -> None:
    with_gpu = {"CPU": 8.0, "GPU": 2.0}
    assert [resource_of(one, with_gpu) for one in ("auto", "cuda", "cpu")] == ["GPU", "GPU", "CPU"]
    assert resource_of("auto", {"CPU": 8.0}) == "CPU"
    with pytest.raises(ConfigError, match="device cuda: the cluster has no GPU: choose auto or cpu"):
        resource_of("cuda", {"CPU": 8.0})
    with pytest.raises(ConfigError, match="device cuda:1: ray gives each worker a GPU of its own: write device = cuda"):
        resource_of("cuda:1", with_gpu)
