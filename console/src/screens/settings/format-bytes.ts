const units = ["bytes", "KiB", "MiB", "GiB", "TiB"] as const;

/** `812 bytes`, `1.4 MiB`. */
export function formatBytes(n: number): string {
  let size = n;
  let unit = 0;
  while (size >= 1_024 && unit < units.length - 1) {
    size /= 1_024;
    unit += 1;
  }
  return `${unit === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`;
}
