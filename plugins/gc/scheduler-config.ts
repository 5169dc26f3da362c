import { ConfigTable } from '../../pkg/plugin/config-table.ts';
import type { PluginConfig } from '../../pkg/plugin/plugin-registration.ts';

/** `[plugins."io.containerd.gc.v1.scheduler"]`; values out of range are taken as the nearest in range. */
export interface SchedulerConfig {
  /** The share of time that collections may hold the loop, from 0 to 0.5. */
  readonly pauseThreshold: number;
  /** So many deletions have a collection at once; 0 for none. */
  readonly deletionThreshold: number;
  /** So many changes have a collection at its next turn, though none of them was a deletion; 0 for none. */
  readonly mutationThreshold: number;
  /** Milliseconds between what calls for a collection at once and its begin. */
  readonly scheduleDelay: number;
  /** Milliseconds between the start and the first collection; 0 for none without a reason. */
  readonly startupDelay: number;
}

/** Reads the plugin's table, with containerd's keys. */
export const schedulerConfig: PluginConfig<SchedulerConfig> = {
  defaults: {
    pause_threshold: 0.02,
    deletion_threshold: 0,
    mutation_threshold: 100,
    schedule_delay: '0s',
    startup_delay: '100ms',
  },
  parse(table) {
    const read = new ConfigTable(table);
    const whole = (key: string): number => read.integer(key, { min: Number.MIN_SAFE_INTEGER });
    return {
      pauseThreshold: Math.min(Math.max(read.number('pause_threshold'), 0), 0.5),
      deletionThreshold: Math.max(whole('deletion_threshold'), 0),
      mutationThreshold: Math.max(whole('mutation_threshold'), 0),
      scheduleDelay: Math.max(read.duration('schedule_delay'), 0),
      startupDelay: Math.max(read.duration('startup_delay'), 0),
    };
  },
};
