import { tour } from './tour.ts';

tour('1.7.24');
