import { shimTour } from './shim-tour.ts';

shimTour('gantry', '2.1.9');
