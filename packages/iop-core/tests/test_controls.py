import inspect

import pytest

from iop_core import controls

ITEMS = "Ens.ContextSearch/ProductionItems"


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (controls.directory(), "directorySelector"),
        (controls.file(), "fileSelector"),
        (controls.credentials(), "credentialsSelector"),
        (controls.rule(), "ruleSelector"),
        (controls.dtl(), "dtlSelector"),
        (controls.schedule(), "scheduleSelector"),
        (controls.ssl_config(), "sslConfigSelector"),
        (controls.partner(), "partnerSelector"),
        (controls.bpl(), "bplSelector"),
        (controls.production_item(), f"selector?context={{{ITEMS}?targets=1&productionName=@productionId}}"),
        (
            controls.production_item(targets=False),
            f"selector?context={{{ITEMS}?targets=0&productionName=@productionId}}",
        ),
        (controls.production_item(production_name="X"), f"selector?context={{{ITEMS}?targets=1&productionName=X}}"),
        (
            controls.production_item(multi_select=True),
            f"selector?multiSelect=1&context={{{ITEMS}?targets=1&productionName=@productionId}}",
        ),
        (
            controls.production_item(multi_select=False),
            f"selector?context={{{ITEMS}?targets=1&productionName=@productionId}}",
        ),
        (
            controls.framing(),
            "selector?context={Ens.ContextSearch/getDisplayList?host=@currHostId&prop=Framing}",
        ),
        (controls.framing(host="H", prop="P"), "selector?context={Ens.ContextSearch/getDisplayList?host=H&prop=P}"),
        (controls.character_set(), "selector?context={Ens.ContextSearch/CharacterSets}"),
        (controls.charset(), "selector?context={Ens.ContextSearch/CharacterSets}"),
        (controls.local_interface(), "selector?context={Ens.ContextSearch/TCPLocalInterfaces}"),
        (
            controls.schema_category("@currHostId"),
            "selector?context={Ens.ContextSearch/SchemaCategories?host=@currHostId}",
        ),
        (controls.search_table("h"), "selector?context={Ens.ContextSearch/SearchTableClasses?host=h}"),
        (controls.secret(), "password"),
        (controls.raw("any thing?x={y}"), "any thing?x={y}"),
        (controls.selector(), "selector"),
        (controls.selector("A/B"), "selector?context={A/B}"),
        (controls.selector("{A/B}"), "selector?context={A/B}"),
        (controls.selector("A/B", multi_select=False), "selector?multiSelect=0&context={A/B}"),
        (
            controls.selector("A/B", multi_select=True, x="1", y=None, z="2"),
            "selector?multiSelect=1&context={A/B}&x=1&z=2",
        ),
        (controls.selector(x="1"), "selector?x=1"),
    ],
)
def test_gives_the_text_that_iris_expects(made: str, expected: str) -> None:
    assert made == expected


@pytest.mark.parametrize("control", [controls.production_item, controls.framing])
def test_options_are_keyword_only(control) -> None:
    kinds = {parameter.kind for parameter in inspect.signature(control).parameters.values()}
    assert kinds == {inspect.Parameter.KEYWORD_ONLY}
    with pytest.raises(TypeError):
        control("x")


@pytest.mark.parametrize("control", [controls.schema_category, controls.search_table])
def test_the_host_has_to_be_given(control) -> None:
    with pytest.raises(TypeError, match="host"):
        control()
