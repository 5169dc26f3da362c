import type { Platform } from './platform.ts';

const architectures: Readonly<Record<string, { architecture: string; variant?: string }>> = {
  i386: { architecture: '386', variant: '' },
  x86_64: { architecture: 'amd64' },
  'x86-64': { architecture: 'amd64' },
  aarch64: { architecture: 'arm64' },
  armhf: { architecture: 'arm', variant: 'v7' },
  armel: { architecture: 'arm', variant: 'v6' },
};

/**
 * Brings the many names of a platform to one: `x86_64` is `amd64`, `aarch64/v8` is `arm64`, `arm` without a
 * variant is `arm/v7`. The names are those that Go's platforms library knows, so that selectors match alike.
 */
export function normalizePlatform(platform: Platform): Platform {
  const os = platform.os.toLowerCase() === 'macos' ? 'darwin' : platform.os.toLowerCase();
  const given = platform.architecture.toLowerCase();
  const known = Object.hasOwn(architectures, given) ? architectures[given] : undefined;
  const architecture = known?.architecture ?? given;
  const variant = normalizeVariant(architecture, known?.variant ?? platform.variant?.toLowerCase() ?? '');
  return {
    os,
    architecture,
    ...(variant === '' ? {} : { variant }),
    ...(platform.osVersion === undefined || platform.osVersion === '' ? {} : { osVersion: platform.osVersion }),
    ...(platform.osFeatures === undefined ? {} : { osFeatures: platform.osFeatures }),
  };
}

function normalizeVariant(architecture: string, variant: string): string {
  if (architecture === 'amd64') return variant === 'v1' ? '' : variant;
  if (architecture === 'arm64') return variant === '8' || variant === 'v8' || variant === 'v8.0' ? '' : variant;
  if (architecture !== 'arm') return variant;
  if (variant === '' || variant === '7') return 'v7';
  return /^[568]$/.test(variant) ? `v${variant}` : variant;
}
