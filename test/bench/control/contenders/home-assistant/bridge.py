"""Home Assistant's genuine generic_thermostat over a pipe: one JSON line in for every reading, one out for its heater.

The first line is {"tolerance": K, "minimum": s}, each further one {"second": s, "reading": °C, "target": °C}; every
answer is {"on": true or false}. Time is virtual.
"""

import asyncio
import datetime
import json
import sys

from freezegun import freeze_time
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import (
    async_fire_time_changed,
    async_test_home_assistant,
)

START = datetime.datetime(2025, 1, 1, tzinfo=datetime.timezone.utc)
HEATER = "input_boolean.heater"
SENSOR = "sensor.room"
CLIMATE = "climate.room"


def line():
    text = sys.stdin.readline()
    return json.loads(text) if text else None


async def set_up(hass, asked, first):
    thermostat = {
        "platform": "generic_thermostat",
        "name": "room",
        "heater": HEATER,
        "target_sensor": SENSOR,
        "cold_tolerance": asked["tolerance"],
        "hot_tolerance": asked["tolerance"],
        "min_temp": 4,
        "max_temp": 35,
        "precision": 0.1,
        "initial_hvac_mode": "heat",
        "target_temp": first["target"],
    }
    if asked["minimum"] > 0:
        thermostat["min_cycle_duration"] = {"seconds": asked["minimum"]}
    hass.states.async_set(SENSOR, f"{first['reading']:.2f}")
    for name, config in (
        ("homeassistant", {}),
        ("input_boolean", {"heater": None}),
        ("climate", thermostat),
    ):
        if not await async_setup_component(hass, name, {name: config}):
            raise RuntimeError(f"{name} did not start")
    await hass.async_block_till_done()


async def main():
    asked = line()
    told = line()
    with freeze_time(START, real_asyncio=True) as clock:
        async with async_test_home_assistant() as hass:
            await set_up(hass, asked, told)
            target = told["target"]
            while told is not None:
                now = START + datetime.timedelta(seconds=told["second"])
                clock.move_to(now)
                async_fire_time_changed(hass, now)
                if told["target"] != target:
                    target = told["target"]
                    asked_for = {"entity_id": CLIMATE, "temperature": target}
                    await hass.services.async_call("climate", "set_temperature", asked_for, blocking=True)
                hass.states.async_set(SENSOR, f"{told['reading']:.2f}")
                await hass.async_block_till_done()
                print(json.dumps({"on": hass.states.is_state(HEATER, "on")}), flush=True)
                told = line()
            await hass.async_stop(force=True)


asyncio.run(main())
