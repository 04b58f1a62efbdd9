"""What the columns of HR systems are called, in Chinese and English, and which canonical column each means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

SYNONYMS: Final[Mapping[str, str]] = {
    "number": "工号 员工编号 员工工号 人员编号 职员编号 employee_no employee_number emp_no staff_no job_number",
    "status": "员工状态 在职状态 人员状态 状态 employment_status staff_status employee_status emp_status",
    "time_zone": "时区 timezone zone time_zone_sid_key",
    "full_name": "姓名 员工姓名 名字 中文名 name display_name employee_name staff_name",
    "family_name": "姓 姓氏 last_name surname family",
    "given_name": "名 first_name given forename",
    "latin_name": "英文名 拼音 姓名拼音 en_name english_name pinyin",
    "company": "公司 法人 法人公司 合同主体 company_name legal_entity entity",
    "department": "部门编码 部门代码 部门 所属部门 组织 dept dept_code department_code department_id dept_id org_unit",
    "cost_center": "成本中心 cost_centre costcenter",
    "location": "工作地点 办公地点 工作城市 城市 city office work_location",
    "position": "岗位 职位 职务 title job_title position_name",
    "grade": "职级 级别 职等 level job_level rank",
    "employment_type": "用工类型 员工类型 用工形式 employee_type contract_type worker_type",
    "manager_number": "直属上级工号 上级工号 汇报人工号 主管工号 直属上级 manager manager_id supervisor leader_user_id",
    "effective_on": "生效日期 异动日期 effective_date",
    "hire_day": "入职日期 入职时间 到岗日期 hire_date start_date join_date join_time enroll_in_date entry_date",
    "last_working_day": "最后工作日 离职日期 离职时间 leave_date termination_date end_date last_day",
    "last_working_time": "最后工作时间 last_working_hour",
    "contract_end_day": "合同终止日 合同到期日 合同结束日期 contract_end contract_end_date",
    "pay_end_day": "发薪截止日 薪资截止日 停薪日期 pay_end pay_end_date",
    "work_email": "工作邮箱 公司邮箱 企业邮箱 邮箱 电子邮箱 email e_mail mail work_mail username",
    "mobile": "手机 手机号 手机号码 联系电话 电话 mobile_phone phone cell cell_phone telephone",
    "personal_email": "个人邮箱 私人邮箱 private_email home_email",
    "identity_number": "证件号码 身份证号 身份证号码 身份证 id_number id_card identity national_id",
    "bank_account_holder": "开户名 户名 账户名 account_holder holder_name account_name payee_name",
    "bank_account_number": "银行账号 银行卡号 工资卡号 账号 卡号 account_number bank_account card_number",
    "bank_code": "联行号 行号 cnaps bank_number",
    "bank_name": "开户行 开户银行 银行 银行名称 bank",
}
"""Per canonical column, the words it goes by, separated by blanks."""

STATUS_WORDS: Final[Mapping[str, str]] = {
    "待入职": "pending_hire",
    "放弃入职": "departed",
    "试用": "probation",
    "试用期": "probation",
    "在职": "active",
    "正式": "active",
    "休假": "on_leave",
    "停薪留职": "on_leave",
    "待离职": "notice",
    "离职": "departed",
    "已离职": "departed",
    "退休": "departed",
    "重新入职": "rehired",
}
"""What HR systems call the canonical statuses."""


def plain_name(name: str) -> str:
    """A name without case, blanks, signs and camel humps.

    >>> plain_name("Employee No."), plain_name("staffNo"), plain_name("直属上级 工号")
    ('employeeno', 'staffno', '直属上级工号')
    """
    return re.sub(r"[\W_]+", "", name).lower()


_CONCEPTS: Final = {
    plain_name(word): concept for concept, words in SYNONYMS.items() for word in (concept, *words.split())
}


def concept_of(name: str) -> str | None:
    """The canonical column a name is known to mean, or None.

    >>> concept_of("LastName"), concept_of("最后工作日"), concept_of("favourite colour")
    ('family_name', 'last_working_day', None)
    """
    return _CONCEPTS.get(plain_name(name))
