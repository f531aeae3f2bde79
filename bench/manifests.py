"""How fast HelmReleases are scanned for images, and edited with every other byte kept."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from tidegate.flux import find_images
from tidegate.yamledit import Edit, apply

COUNT = 10_000
SCAN_SECONDS = 8.0
EDITS_A_SECOND = 500
TAG = ("spec", "values", "image", "tag")

HEAD = """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: app-{number}
  namespace: team-{team}
spec:
  interval: 10m
  chart:
    spec:
      chart: app
      version: 1.2.{team}
      sourceRef: {{kind: HelmRepository, name: charts, namespace: flux-system}}
  install: {{remediation: {{retries: 3}}}}
  values:
    replicaCount: {team}
    image:
      repository: 111111111111.dkr.ecr.eu-west-2.amazonaws.com/app-{number}
      tag: 1.{team}.{number} # {{"$imagepolicy": "flux-system:app-{number}:tag"}}
      pullPolicy: IfNotPresent
    resources:
      requests: {{cpu: 100m, memory: 128Mi}}
      limits: {{cpu: "1", memory: 512Mi}}
    probes:
      liveness: &probe
        httpGet: {{path: /healthz, port: http}}
      readiness: *probe
    config: |
      number = {number}
      team = "{team}"
    ingress:
      enabled: true # 👍
      hosts:
      - host: app-{number}.example.com
        paths:
        - path: /
          pathType: Prefix
    env:
"""


def helm_release(number: int) -> bytes:
    """A HelmRelease of about 2.5 KB, the size that is usual in public repositories."""
    random_ = random.Random(number)
    text = HEAD.format(number=number, team=number % 9)
    for index in range(24):
        text += f'    - name: SETTING_{index}\n      value: "{random_.random()}" # {random_.choice("abc")}\n'
    text = text if number % 13 else text.rstrip("\n")
    return (text if number % 17 else text.replace("\n", "\r\n")).encode()


def seconds(action: Callable[[], None]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def main() -> None:
    files = [helm_release(number) for number in range(COUNT)]
    size = sum(map(len, files)) / len(files) / 1000

    def scan() -> None:
        for data in files:
            assert len(find_images(data)) == 1

    def edit() -> None:
        for data in files:
            after = apply(data, [Edit(TAG, "2.0.0")])
            assert len(after.split(b"\n")) == len(data.split(b"\n"))

    print(f"{COUNT:,} HelmReleases of {size:.1f} KB")
    print(f"  scanned for images    {seconds(scan):6.2f} s        at most {SCAN_SECONDS}")
    print(f"  edited and verified   {COUNT / seconds(edit):6.0f} files/s  at least {EDITS_A_SECOND}")


if __name__ == "__main__":
    main()
