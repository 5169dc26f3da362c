/** A program that turns a layer of one media type into one of another: `[stream_processors.<name>]` of the configuration. */
export interface StreamProcessor {
  /** The media types that it takes. */
  readonly accepts: readonly string[];
  /** The media type that it gives. */
  readonly returns: string;
  /** The program: a path, or a name that is looked for in `PATH`. */
  readonly path: string;
  readonly args: readonly string[];
  /** `NAME=value`, added to the daemon's own environment. */
  readonly env: readonly string[];
}
