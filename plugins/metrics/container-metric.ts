/** A value of a container, with what tells it from others of the same metric. */
export interface ContainerValue {
  readonly value: bigint;
  readonly labels?: readonly (readonly [name: string, value: string])[];
}

/** A metric, and how it is read off what a shim tells of a container's cgroup. */
export interface ContainerMetric<Metrics> {
  readonly name: string;
  readonly help: string;
  values(metrics: Metrics): readonly ContainerValue[];
}
