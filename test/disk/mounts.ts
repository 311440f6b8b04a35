import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A file system for one test, always unmounted afterwards. */
export interface Mount {
  readonly path: string;
  unmount(): void;
}

/** Why this machine cannot mount it, or null. It needs root and kernel support; a container often has neither. */
export function whyNoMounts(kind: "tmpfs" | "loop"): string | null {
  try {
    if (kind === "tmpfs") mountTmpfs(1).unmount();
    else {
      const folder = mkdtempSync(join(tmpdir(), "baton-probe-"));
      const image = makeImage(join(folder, "probe.img"), 8);
      mountImage(image).unmount();
      rmSync(folder, { recursive: true });
    }
    return null;
  } catch (error) {
    return (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "it failed";
  }
}

export function mountTmpfs(megabytes: number): Mount {
  return mount(["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs"]);
}

export function mountImage(image: string): Mount {
  return mount(["-o", "loop", image]);
}

/** Makes an ext4 file system in a file. */
export function makeImage(path: string, megabytes: number): string {
  execFileSync("dd", ["if=/dev/zero", `of=${path}`, "bs=1M", `count=${megabytes}`], { stdio: "pipe" });
  execFileSync("mkfs.ext4", ["-q", "-F", path], { stdio: "pipe" });
  return path;
}

function mount(args: readonly string[]): Mount {
  const path = mkdtempSync(join(tmpdir(), "baton-mount-"));
  mkdirSync(path, { recursive: true });
  execFileSync("mount", [...args, path], { stdio: "pipe" });
  return {
    path,
    unmount: () => {
      execFileSync("umount", [path], { stdio: "pipe" });
      rmSync(path, { recursive: true });
    },
  };
}
