/** The labels by which containers ask to be kept in a state; containerd's names. */
export const restartLabels = {
  /** The state to be kept in: `running` or `stopped`. */
  status: 'containerd.io/restart.status',
  /** One of {@link restartPolicies}, `on-failure` also with a limit, as `on-failure:3`. */
  policy: 'containerd.io/restart.policy',
  /** How often it has been started again; the monitor counts. */
  count: 'containerd.io/restart.count',
  /** Whether somebody wanted it stopped: `true` or `false`. */
  explicitlyStopped: 'containerd.io/restart.explicitly-stopped',
  /** Where its output goes: a URI as tasks take them. */
  logUri: 'containerd.io/restart.loguri',
} as const;
