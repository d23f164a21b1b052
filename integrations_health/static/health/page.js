// What every page does beyond what its forms and links do: times that tell how long ago they were,
// the theme without a reload, and the names of time zones.

import { keepTime } from "./clock.js";
import { followTheme } from "./theme.js";
import { offerZones } from "./zones.js";

keepTime();
followTheme();
offerZones();
