import { shimTour } from './shim-tour.ts';

shimTour('1.7.24', '1.7.24');
