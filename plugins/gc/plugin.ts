import { databaseToken } from '../../pkg/database/database-token.ts';
import { formatGoDuration } from '../../pkg/duration/format-go-duration.ts';
import { definePlugin } from '../../pkg/plugin/define-plugin.ts';
import { pluginTypes } from '../../pkg/plugin/plugin-type.ts';
import { eventExchangeToken } from '../../services/events/event-exchange-token.ts';
import { Collector } from '../../services/gc/collector.ts';
import { garbageCollectorToken } from '../../services/gc/garbage-collector-token.ts';
import { GcScheduler } from './gc-scheduler.ts';
import { schedulerConfig } from './scheduler-config.ts';

/** Garbage collection. Whoever keeps files or collectable things registers with what this exports. */
export const gcSchedulerPlugin = definePlugin({
  token: garbageCollectorToken,
  requires: [pluginTypes.metadata, pluginTypes.event],
  config: schedulerConfig,
  init(context) {
    const { config, log, meta } = context;
    meta.exports.set('PauseThreshold', String(config.pauseThreshold));
    meta.exports.set('DeletionThreshold', String(config.deletionThreshold));
    meta.exports.set('MutationThreshold', String(config.mutationThreshold));
    meta.exports.set('ScheduleDelay', formatGoDuration(config.scheduleDelay));
    const collector = new Collector({
      database: context.get(databaseToken),
      events: context.get(eventExchangeToken),
      log,
    });
    context.own(collector);
    const scheduler = new GcScheduler({ collector, config, log });
    context.own(scheduler);
    return scheduler;
  },
});
