import { archives } from './areas/archives.ts';
import { checkpoints } from './areas/checkpoints.ts';
import { containers } from './areas/containers.ts';
import { content } from './areas/content.ts';
import { events } from './areas/events.ts';
import { imageStore } from './areas/image-store.ts';
import { introspection } from './areas/introspection.ts';
import { pulls, transfers } from './areas/pulls.ts';
import { runs } from './areas/runs.ts';
import { snapshots } from './areas/snapshots.ts';
import { tasks } from './areas/tasks.ts';
import { terminals } from './areas/terminals.ts';
import type { TourArea } from './tour-step.ts';

/** The whole tour, the longest areas first. */
export const areas: readonly TourArea[] = [
  runs,
  tasks,
  terminals,
  containers,
  imageStore,
  pulls,
  transfers,
  archives,
  snapshots,
  content,
  events,
  introspection,
  checkpoints,
];
