import type { KernelFiles } from './kernel-files.ts';

/** The sizes of huge pages as the names of cgroups' files have them: `2MB`, `1GB`. */
export function hugePageSizes(files: KernelFiles): string[] {
  const sizes: string[] = [];
  for (const name of [...files.list('/sys/kernel/mm/hugepages')].sort()) {
    const [, digits] = /^hugepages-(\d+)kB$/.exec(name) ?? [];
    if (digits !== undefined) sizes.push(sizeName(Number(digits)));
  }
  return sizes;
}

function sizeName(kibibytes: number): string {
  if (kibibytes >= 1 << 20) return `${kibibytes >> 20}GB`;
  return kibibytes >= 1 << 10 ? `${kibibytes >> 10}MB` : `${kibibytes}KB`;
}
