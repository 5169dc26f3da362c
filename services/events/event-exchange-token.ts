import { PluginToken } from '../../pkg/plugin/plugin-token.ts';
import { pluginTypes } from '../../pkg/plugin/plugin-type.ts';
import type { EventExchange } from './event-exchange.ts';

/** The one exchange. */
export const eventExchangeToken = new PluginToken<EventExchange>(pluginTypes.event, 'exchange');
